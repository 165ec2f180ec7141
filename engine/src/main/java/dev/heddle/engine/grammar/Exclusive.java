package dev.heddle.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Whether no value satisfies two schemas of a `oneOf`: they have different types, different constants, or a required
/// property with different constants.
final class Exclusive {
    private Exclusive() {
    }

    /// @param resolve finds the schema of a reference
    /// @throws SchemaException if two of the schemas might both be satisfied
    static void check(JsonNode schemas, Function<String, Optional<JsonNode>> resolve, String path) {
        List<JsonNode> all = new ArrayList<>();
        schemas.forEach(schema -> all.add(schema.has("$ref") ? resolve.apply(schema.get("$ref").asText()).orElse(schema) : schema));
        for (int i = 0; i < all.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!excludes(all.get(i), all.get(j))) {
                    throw new SchemaException(path, "alternatives " + j + " and " + i + " of oneOf might both hold: they need different "
                            + "types or a required property with different constants; anyOf allows both");
                }
            }
        }
    }

    private static boolean excludes(JsonNode one, JsonNode other) {
        Set<String> types = types(one);
        Set<String> otherTypes = types(other);
        if (!types.isEmpty() && !otherTypes.isEmpty() && types.stream().noneMatch(otherTypes::contains)) {
            return true;
        }
        if (differ(constants(one), constants(other))) {
            return true;
        }
        for (JsonNode name : one.path("required")) {
            boolean both = false;
            for (JsonNode otherName : other.path("required")) {
                both |= otherName.equals(name);
            }
            if (both && differ(constants(one.path("properties").path(name.asText())),
                    constants(other.path("properties").path(name.asText())))) {
                return true;
            }
        }
        return false;
    }

    private static boolean differ(Set<JsonNode> one, Set<JsonNode> other) {
        return !one.isEmpty() && !other.isEmpty() && one.stream().noneMatch(other::contains);
    }

    private static Set<JsonNode> constants(JsonNode schema) {
        Set<JsonNode> values = new HashSet<>();
        if (schema.has("const")) {
            values.add(schema.get("const"));
        } else {
            schema.path("enum").forEach(values::add);
        }
        return values;
    }

    /// Its types, whole numbers being numbers.
    private static Set<String> types(JsonNode schema) {
        Set<String> types = new HashSet<>();
        JsonNode type = schema.path("type");
        for (JsonNode one : type.isArray() ? type : type.isMissingNode() ? List.<JsonNode>of() : List.of(type)) {
            types.add(one.asText().equals("integer") ? "number" : one.asText());
        }
        if (schema.path("nullable").asBoolean(false)) {
            types.add("null");
        }
        return types;
    }
}
