package dev.heddle.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The JSON texts that a JSON Schema (draft 2020-12) accepts, or some of them: declared properties come in the order of the
/// schema; others come only where `additionalProperties` says so, after the declared ones; numbers have a limited number
/// of digits. Every text is one the schema accepts. A keyword that cannot be kept is an error that names it.
final class SchemaLanguage {
    /// What describes and does not constrain.
    private static final Set<String> ANNOTATIONS = Set.of("title", "description", "default", "examples", "example", "$schema", "$id",
            "$anchor", "$comment", "$defs", "definitions", "deprecated", "discriminator", "externalDocs", "readOnly", "writeOnly", "strict",
            "nullable");
    /// What begins so is somebody's own and describes.
    private static final String EXTENSION = "x-";
    private static final Set<String> STRING = Set.of("minLength", "maxLength", "pattern", "format");
    private static final Set<String> NUMBER = Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");
    private static final Set<String> ARRAY = Set.of("items", "prefixItems", "minItems", "maxItems");
    private static final Set<String> OBJECT = Set.of("properties", "required", "additionalProperties", "patternProperties",
            "propertyNames");
    private static final Set<String> CHOICES = Set.of("anyOf", "oneOf", "allOf", "enum", "const", "$ref");
    private static final Map<String, Set<String>> BY_TYPE = Map.of("string", STRING, "number", NUMBER, "integer", NUMBER, "array",
            ARRAY, "object", OBJECT, "boolean", Set.of(), "null", Set.of());
    private static final int MAX_DEPTH = 64;

    private final JsonNode root;
    private final Grammar grammar;
    private final JsonText json;
    /// Sets the definitions of this schema apart from those of others in the grammar.
    private final String prefix;
    private final ObjectLanguage objects;
    private final ScalarLanguage scalars;
    /// References that are being followed without a bracket between them.
    private Deque<String> following = new ArrayDeque<>();
    private int depth;

    private SchemaLanguage(JsonNode root, Grammar grammar) {
        this.root = root;
        this.grammar = grammar;
        json = new JsonText(grammar);
        prefix = "schema " + grammar.size() + ": ";
        objects = new ObjectLanguage(grammar, json, this::inner);
        scalars = new ScalarLanguage(grammar, json);
    }

    /// @throws SchemaException if it cannot be kept
    static Language of(JsonNode schema, Grammar grammar) {
        SchemaLanguage compiler = new SchemaLanguage(schema, grammar);
        Language language = compiler.value(schema, "");
        if (language.isNothing()) {
            throw new SchemaException("", "no value satisfies it");
        }
        Set<String> endless = grammar.endless(language);
        if (!endless.isEmpty()) {
            throw new SchemaException("", "values of " + String.join(", ", endless).replace(compiler.prefix, "") + " would never end");
        }
        return language;
    }

    /// Something within brackets, where references may come back to themselves.
    private Language inner(JsonNode schema, String path) {
        Deque<String> outer = following;
        following = new ArrayDeque<>();
        try {
            return value(schema, path);
        } finally {
            following = outer;
        }
    }

    private Language value(JsonNode schema, String path) {
        if (++depth > MAX_DEPTH) {
            throw new SchemaException(path, "schemas nested deeper than " + MAX_DEPTH);
        }
        try {
            if (schema.isBoolean()) {
                return schema.booleanValue() ? json.value : grammar.nothing();
            }
            if (!schema.isObject()) {
                throw new SchemaException(path, "expected a schema, an object or a boolean");
            }
            Language language = object(schema, path);
            return schema.path("nullable").asBoolean(false) ? grammar.choice(language, grammar.text("null")) : language;
        } finally {
            depth--;
        }
    }

    private Language object(JsonNode schema, String path) {
        List<String> choices = CHOICES.stream().filter(schema::has).toList();
        if (choices.size() > 1) {
            throw new SchemaException(path, String.join(" and ", choices.stream().sorted().toList()) + " together are not supported");
        }
        if (choices.size() == 1) {
            return chosen(schema, choices.getFirst(), path);
        }
        List<String> types = types(schema, path);
        List<Language> languages = new ArrayList<>();
        for (String type : types) {
            languages.add(ofType(type, schema, path));
        }
        checkKeywords(schema, types, path);
        return types.isEmpty() ? json.value : grammar.choice(languages);
    }

    /// The types it names; without any, those its keywords speak of.
    private static List<String> types(JsonNode schema, String path) {
        JsonNode type = schema.path("type");
        List<String> types = new ArrayList<>();
        for (JsonNode one : type.isArray() ? type : type.isMissingNode() ? List.<JsonNode>of() : List.of(type)) {
            if (!one.isTextual() || !BY_TYPE.containsKey(one.textValue())) {
                throw new SchemaException(at(path, "type"), "expected one of " + BY_TYPE.keySet().stream().sorted().toList() + ", found " + one);
            }
            types.add(one.textValue());
        }
        if (type.isMissingNode()) {
            for (String guess : List.of("object", "array", "string", "number")) {
                if (BY_TYPE.get(guess).stream().anyMatch(schema::has)) {
                    types.add(guess);
                }
            }
        }
        return types;
    }

    private static boolean describes(String keyword) {
        return ANNOTATIONS.contains(keyword) || keyword.startsWith(EXTENSION);
    }

    private static void checkKeywords(JsonNode schema, List<String> types, String path) {
        schema.fieldNames().forEachRemaining(keyword -> {
            boolean known = keyword.equals("type") || describes(keyword)
                    || types.stream().anyMatch(type -> BY_TYPE.get(type).contains(keyword))
                    // a keyword for another type says nothing
                    || !types.isEmpty() && BY_TYPE.values().stream().anyMatch(keywords -> keywords.contains(keyword));
            if (!known) {
                throw new SchemaException(at(path, keyword), "the keyword " + keyword + " is not supported");
            }
        });
    }

    private Language ofType(String type, JsonNode schema, String path) {
        return switch (type) {
            case "string" -> scalars.string(schema, path);
            case "integer" -> scalars.integer(schema, path);
            case "number" -> scalars.number(schema, path);
            case "boolean" -> grammar.choice(grammar.text("true"), grammar.text("false"));
            case "null" -> grammar.text("null");
            case "array" -> array(schema, path);
            case "object" -> objects.of(schema, path);
            default -> throw new AssertionError(type);
        };
    }

    private Language array(JsonNode schema, String path) {
        int min = ScalarLanguage.count(schema, "minItems", 0, path);
        int max = ScalarLanguage.count(schema, "maxItems", -1, path);
        JsonNode items = schema.path("items");
        List<Language> first = new ArrayList<>();
        for (JsonNode item : schema.path("prefixItems")) {
            first.add(inner(item, at(path, "prefixItems." + first.size())));
        }
        Language item = items.isMissingNode() ? json.value : inner(items, at(path, "items"));
        if (max >= 0 && max < min || item.isNothing() && min > first.size()) {
            throw new SchemaException(at(path, "minItems"), "no array has so many items");
        }
        if (item.isNothing()) {
            max = max < 0 ? first.size() : Math.min(max, first.size());
        }
        if (first.isEmpty()) {
            return json.array(item, min, max);
        }
        return grammar.sequence(json.byteOf('['), json.space, tuple(first, item, 0, min, max), json.byteOf(']'));
    }

    /// The items from place `at` on, and the space before the bracket.
    private Language tuple(List<Language> first, Language item, int at, int min, int max) {
        if (at == max) {
            return at == 0 ? grammar.empty() : json.space;
        }
        Language comma = at == 0 ? grammar.empty() : json.comma();
        Language end = at == 0 ? grammar.empty() : json.space;
        if (at < first.size()) {
            Language more = grammar.sequence(comma, first.get(at), tuple(first, item, at + 1, min, max));
            return at >= min ? grammar.choice(end, more) : more;
        }
        return grammar.sequence(grammar.repeat(grammar.sequence(comma, item), Math.max(0, min - at), max < 0 ? -1 : max - at), json.space);
    }

    private Language chosen(JsonNode schema, String keyword, String path) {
        schema.fieldNames().forEachRemaining(other -> {
            boolean implied = other.equals("type") && (keyword.equals("enum") || keyword.equals("const"));
            if (!other.equals(keyword) && !describes(other) && !implied) {
                throw new SchemaException(at(path, other), other + " beside " + keyword + " is not supported");
            }
        });
        JsonNode node = schema.get(keyword);
        String where = at(path, keyword);
        return switch (keyword) {
            case "const" -> literals(List.of(node), schema, path);
            case "enum" -> {
                if (!node.isArray() || node.isEmpty()) {
                    throw new SchemaException(where, "expected a list of values");
                }
                List<JsonNode> values = new ArrayList<>();
                node.forEach(values::add);
                yield literals(values, schema, path);
            }
            case "$ref" -> reference(node, where);
            case "allOf" -> {
                if (!node.isArray() || node.size() != 1) {
                    throw new SchemaException(where, "allOf of more than one schema is not supported");
                }
                yield value(node.get(0), at(where, "0"));
            }
            case "anyOf", "oneOf" -> {
                if (!node.isArray() || node.isEmpty()) {
                    throw new SchemaException(where, "expected a list of schemas");
                }
                if (keyword.equals("oneOf")) {
                    Exclusive.check(node, this::resolve, where);
                }
                List<Language> languages = new ArrayList<>();
                for (JsonNode one : node) {
                    languages.add(value(one, at(where, "" + languages.size())));
                }
                yield grammar.choice(languages);
            }
            default -> throw new AssertionError(keyword);
        };
    }

    /// Those of `values` that have the schema's type, if it names one.
    private Language literals(List<JsonNode> values, JsonNode schema, String path) {
        List<String> types = schema.has("type") ? types(schema, path) : List.of();
        List<Language> languages = values.stream().filter(value -> types.isEmpty() || types.stream().anyMatch(type -> isOf(value, type)))
                .map(json::literal).toList();
        if (languages.isEmpty()) {
            throw new SchemaException(at(path, "type"), "none of the values is of this type");
        }
        return grammar.choice(languages);
    }

    static boolean isOf(JsonNode value, String type) {
        return switch (type) {
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber() || value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            case "array" -> value.isArray();
            case "object" -> value.isObject();
            default -> false;
        };
    }

    private Language reference(JsonNode node, String path) {
        String reference = node.asText();
        JsonNode target = resolve(reference).orElseThrow(() -> new SchemaException(path, "found " + node
                + ", expected a place in this schema, #/$defs/…"));
        if (following.contains(reference)) {
            throw new SchemaException(path, reference + " refers to itself");
        }
        following.push(reference);
        try {
            return grammar.define(prefix + reference, () -> value(target, reference));
        } finally {
            following.pop();
        }
    }

    private Optional<JsonNode> resolve(String reference) {
        if (!reference.equals("#") && !reference.startsWith("#/")) {
            return Optional.empty();
        }
        JsonNode at = root;
        for (String step : reference.equals("#") ? new String[0] : reference.substring(2).split("/")) {
            String name = step.replace("~1", "/").replace("~0", "~");
            at = at.isArray() && name.matches("\\d{1,6}") ? at.path(Integer.parseInt(name)) : at.path(name);
        }
        return at.isMissingNode() ? Optional.empty() : Optional.of(at);
    }

    static String at(String path, String step) {
        return path.isEmpty() ? step : path + "." + step;
    }
}
