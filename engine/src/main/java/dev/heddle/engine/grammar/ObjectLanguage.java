package dev.heddle.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;

/// Objects of a JSON Schema: declared properties in order, those that are not required perhaps left out, then others where
/// the schema allows them explicitly, or where it declares none.
final class ObjectLanguage {
    private final Grammar grammar;
    private final JsonText json;
    private final BiFunction<JsonNode, String, Language> inner;

    /// @param inner the language of a schema in its place
    ObjectLanguage(Grammar grammar, JsonText json, BiFunction<JsonNode, String, Language> inner) {
        this.grammar = grammar;
        this.json = json;
        this.inner = inner;
    }

    Language of(JsonNode schema, String path) {
        JsonNode properties = schema.path("properties");
        if (!properties.isMissingNode() && !properties.isObject()) {
            throw new SchemaException(SchemaLanguage.at(path, "properties"), "expected an object");
        }
        Set<String> required = new TreeSet<>();
        for (JsonNode name : schema.path("required")) {
            required.add(name.asText());
        }
        Optional<Language> named = named(schema, path);
        if (named.isPresent()) {
            return named.get();
        }
        Map<String, Language> members = new LinkedHashMap<>();
        properties.properties().forEach(entry -> members.put(entry.getKey(), inner.apply(entry.getValue(),
                SchemaLanguage.at(path, "properties." + entry.getKey()))));
        JsonNode additional = schema.path("additionalProperties");
        boolean open = additional.isMissingNode() ? members.isEmpty() : !additional.isBoolean() || additional.booleanValue();
        // a property that is required without being declared may be anything, or what the additional ones are
        JsonNode undeclared = additional.isMissingNode() ? BooleanNode.TRUE : additional;
        for (String name : required) {
            if (!members.containsKey(name)) {
                members.put(name, inner.apply(undeclared, SchemaLanguage.at(path, "additionalProperties")));
            }
        }
        Language others = grammar.nothing();
        if (open) {
            Language value = inner.apply(undeclared, SchemaLanguage.at(path, "additionalProperties"));
            others = json.members(json.quoted(otherThan(members.keySet())), value);
        }
        List<String> names = new ArrayList<>(members.keySet());
        for (String name : names) {
            if (required.contains(name) && members.get(name).isNothing()) {
                throw new SchemaException(SchemaLanguage.at(path, "properties." + name), "is required, and no value satisfies it");
            }
        }
        // from the last property to the first: what follows if something stands before it, and if nothing does
        Language following = grammar.optional(grammar.sequence(json.comma(), others));
        Language leading = grammar.optional(others);
        following = grammar.sequence(following, json.space);
        leading = others.isNothing() ? grammar.empty() : grammar.choice(grammar.empty(), grammar.sequence(others, json.space));
        for (int i = names.size() - 1; i >= 0; i--) {
            String name = names.get(i);
            Language member = grammar.sequence(json.literal(TextNode.valueOf(name)), json.colon(), members.get(name));
            Language next = grammar.sequence(json.comma(), member, following);
            Language first = grammar.sequence(member, following);
            boolean needed = required.contains(name);
            leading = needed ? first : grammar.choice(first, leading);
            following = needed ? next : grammar.choice(next, following);
        }
        return grammar.sequence(json.byteOf('{'), json.space, leading, json.byteOf('}'));
    }

    /// Objects whose keys are of one kind, which `propertyNames` or one pattern of `patternProperties` gives, if they say so.
    private Optional<Language> named(JsonNode schema, String path) {
        JsonNode names = schema.path("propertyNames");
        JsonNode patterns = schema.path("patternProperties");
        if (names.isMissingNode() && patterns.isMissingNode()) {
            return Optional.empty();
        }
        String keyword = names.isMissingNode() ? "patternProperties" : "propertyNames";
        String where = SchemaLanguage.at(path, keyword);
        boolean alone = names.isMissingNode() != patterns.isMissingNode() && schema.path("properties").isEmpty()
                && schema.path("required").isEmpty();
        if (!alone) {
            throw new SchemaException(where, keyword + " beside properties, required or another rule for names is not supported");
        }
        JsonNode values = schema.path("additionalProperties");
        Language key;
        if (names.isMissingNode()) {
            boolean others = !values.isMissingNode() && !(values.isBoolean() && !values.booleanValue());
            if (patterns.size() != 1 || others) {
                throw new SchemaException(where, "patternProperties of more than one pattern, or beside additionalProperties, is not supported");
            }
            Map.Entry<String, JsonNode> only = patterns.properties().iterator().next();
            key = inner.apply(JsonNodeFactory.instance.objectNode().put("type", "string").put("pattern", only.getKey()), where);
            values = only.getValue();
        } else {
            if (!names.isObject() || !names.path("type").asText("string").equals("string")) {
                throw new SchemaException(where, "expected a schema of strings");
            }
            key = inner.apply(((ObjectNode) names.deepCopy()).put("type", "string"), where);
        }
        Language value = inner.apply(values.isMissingNode() ? BooleanNode.TRUE : values, where);
        Language members = value.isNothing() ? grammar.nothing() : json.members(key, value);
        return Optional.of(grammar.sequence(json.byteOf('{'), json.space, members.isNothing() ? grammar.empty()
                : grammar.choice(grammar.empty(), grammar.sequence(members, json.space)), json.byteOf('}')));
    }

    /// Keys without escapes that are none of these.
    private Language otherThan(Set<String> names) {
        Grammar g = grammar;
        Map<Integer, Set<String>> byFirst = new TreeMap<>();
        Language plain = PatternLanguage.of(g, "^[^\"\\\\\\x00-\\x1f]*$");
        if (names.isEmpty()) {
            return plain;
        }
        boolean endsHere = names.contains("");
        names.stream().filter(name -> !name.isEmpty()).forEach(name -> byFirst.computeIfAbsent(name.codePointAt(0), _ -> new TreeSet<>())
                .add(name.substring(Character.charCount(name.codePointAt(0)))));
        CodePoints free = CodePoints.range(0x20, CodePoints.END - 1).minus(CodePoints.of('"').or(CodePoints.of('\\')));
        List<Language> parts = new ArrayList<>();
        for (Map.Entry<Integer, Set<String>> entry : byFirst.entrySet()) {
            int c = entry.getKey();
            if (free.contains(c)) {
                parts.add(g.sequence(g.text(Character.toString(c)), otherThan(entry.getValue())));
                free = free.minus(CodePoints.of(c));
            }
        }
        Utf8Ranges utf8 = new Utf8Ranges(g);
        free.forEach((low, high) -> parts.add(g.sequence(utf8.language(low, high), plain)));
        if (!endsHere) {
            parts.add(g.empty());
        }
        return g.choice(parts);
    }
}
