package dev.heddle.checkpoint.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The fields of a published `config.json`, each read as the type its reader expects.
///
/// Every getter's error names the file, the field, what was found and what was expected. A getter without a
/// fallback fails when the field is absent or `null`; with a fallback both give the fallback (Python writes
/// `null` for "not set"). A field that is present with the wrong type is always an error.
///
/// The `…Any` getters take several names of one thing (`hidden_size`, `d_model`); the first that is present
/// and not `null` counts.
///
/// Numbers may be written as `Infinity`, `"Infinity"` or `{"__float__": "Infinity"}` (likewise `-Infinity`
/// and `NaN`), the three ways found in published files.
public final class Config {
    private final ObjectNode json;
    private final String origin;

    private Config(ObjectNode json, String origin) {
        this.json = json;
        this.origin = origin;
    }

    /// The configuration in `file`.
    /// @throws CheckpointException if the file is missing or not a JSON object
    public static Config read(Path file) {
        return new Config(Json.readObject(file), file.toString());
    }

    /// The configuration in `text`; `origin` names it in errors.
    public static Config parse(String text, String origin) {
        return new Config(Json.asObject(Json.parse(text, origin), origin), origin);
    }

    /// A configuration over a copy of `json`; `origin` names it in errors.
    public static Config of(ObjectNode json, String origin) {
        return new Config(json.deepCopy(), origin);
    }

    /// The file, and the section in it, that errors name.
    public String origin() {
        return origin;
    }

    /// A copy of the underlying object.
    public ObjectNode json() {
        return json.deepCopy();
    }

    /// Names of all fields, in file order, those that are `null` included.
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        json.fieldNames().forEachRemaining(names::add);
        return Collections.unmodifiableSet(names);
    }

    /// True if the field is there and not `null`.
    public boolean has(String name) {
        return json.hasNonNull(name);
    }

    /// True if any of these fields is there and not `null`.
    public boolean hasAny(String... names) {
        return first(names).isPresent();
    }

    /// True if the field holds a list.
    public boolean isList(String name) {
        return json.path(name).isArray();
    }

    /// True if the field holds an object.
    public boolean isSection(String name) {
        return json.path(name).isObject();
    }

    /// True if the field holds a string.
    public boolean isString(String name) {
        return json.path(name).isTextual();
    }

    /// True if the field holds a number.
    public boolean isNumber(String name) {
        return json.path(name).isNumber();
    }

    /// True if the field holds `true` or `false`.
    public boolean isFlag(String name) {
        return json.path(name).isBoolean();
    }

    /// A whole number that fits an int.
    public int integer(String name) {
        return toInteger(required(name), name);
    }

    public int integer(String name, int fallback) {
        return has(name) ? integer(name) : fallback;
    }

    public int integerAny(String... names) {
        return integer(requiredFirst(names));
    }

    public int integerAnyOr(int fallback, String... names) {
        return first(names).map(this::integer).orElse(fallback);
    }

    /// A whole number that fits a long.
    public long bigInteger(String name) {
        return toLong(required(name), name);
    }

    public long bigInteger(String name, long fallback) {
        return has(name) ? bigInteger(name) : fallback;
    }

    public double number(String name) {
        return toNumber(required(name), name);
    }

    public double number(String name, double fallback) {
        return has(name) ? number(name) : fallback;
    }

    public double numberAny(String... names) {
        return number(requiredFirst(names));
    }

    public double numberAnyOr(double fallback, String... names) {
        return first(names).map(this::number).orElse(fallback);
    }

    public boolean flag(String name) {
        JsonNode node = required(name);
        if (!node.isBoolean()) {
            throw wrong(name, "true or false", node);
        }
        return node.booleanValue();
    }

    public boolean flag(String name, boolean fallback) {
        return has(name) ? flag(name) : fallback;
    }

    public boolean flagAny(String... names) {
        return flag(requiredFirst(names));
    }

    public boolean flagAnyOr(boolean fallback, String... names) {
        return first(names).map(this::flag).orElse(fallback);
    }

    public String string(String name) {
        return toText(required(name), name);
    }

    public String string(String name, String fallback) {
        return has(name) ? string(name) : fallback;
    }

    public String stringAny(String... names) {
        return string(requiredFirst(names));
    }

    public String stringAnyOr(String fallback, String... names) {
        return first(names).map(this::string).orElse(fallback);
    }

    /// What `choices` holds for the field's string; any other string is an error that lists the choices.
    public <E> E choice(String name, Map<String, E> choices) {
        String found = string(name);
        E choice = choices.get(found);
        if (choice == null) {
            throw new CheckpointException(origin + ": " + name + " is \"" + found + "\", expected one of "
                    + choices.keySet().stream().sorted().toList());
        }
        return choice;
    }

    public <E> E choice(String name, Map<String, E> choices, E fallback) {
        return has(name) ? choice(name, choices) : fallback;
    }

    /// Refuses the field unless it is absent or holds one of `allowed`.
    /// @throws CheckpointException if it holds anything else
    public void allow(String name, String... allowed) {
        if (has(name) && !List.of(allowed).contains(string(name))) {
            throw new CheckpointException(origin + ": " + name + " is \"" + string(name) + "\", expected "
                    + String.join(" or ", allowed));
        }
    }

    /// A list of whole numbers that fit ints.
    public int[] integers(String name) {
        return list(name, "whole numbers", this::toInteger).stream().mapToInt(Integer::intValue).toArray();
    }

    public int[] integers(String name, int... fallback) {
        return has(name) ? integers(name) : fallback.clone();
    }

    /// A list of lists of whole numbers.
    public List<int[]> integerLists(String name) {
        return list(name, "lists of whole numbers", (node, entry) -> {
            if (!node.isArray()) {
                throw wrong(entry, "a list of whole numbers", node);
            }
            int[] values = new int[node.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = toInteger(node.get(i), entry + "[" + i + "]");
            }
            return values;
        });
    }

    public double[] numbers(String name) {
        return list(name, "numbers", this::toNumber).stream().mapToDouble(Double::doubleValue).toArray();
    }

    public double[] numbers(String name, double... fallback) {
        return has(name) ? numbers(name) : fallback.clone();
    }

    public List<String> strings(String name) {
        return list(name, "strings", this::toText);
    }

    public List<String> strings(String name, List<String> fallback) {
        return has(name) ? strings(name) : fallback;
    }

    /// A whole number, or a list of `length` of them: one value for all, or one value each.
    public int[] integerOrEach(String name, int length) {
        if (!isList(name)) {
            int[] all = new int[length];
            Arrays.fill(all, integer(name));
            return all;
        }
        int[] each = integers(name);
        if (each.length != length) {
            throw new CheckpointException(origin + ": " + name + " has " + each.length + " values, expected " + length);
        }
        return each;
    }

    /// The object in the field; its errors name this file and the field.
    public Config section(String name) {
        return toSection(required(name), name);
    }

    /// The object in the field, or an empty one if the field is absent or `null`.
    public Config sectionOrEmpty(String name) {
        return has(name) ? section(name) : new Config(Json.object(), origin + ": " + name);
    }

    /// A list of objects.
    public List<Config> sections(String name) {
        return list(name, "objects", this::toSection);
    }

    /// An error about this field for a value whose type is right and whose content is not.
    public CheckpointException invalid(String name, String expected) {
        return wrong(name, expected, json.path(name));
    }

    @Override
    public String toString() {
        return origin;
    }

    private Optional<String> first(String... names) {
        return Arrays.stream(names).filter(this::has).findFirst();
    }

    private String requiredFirst(String... names) {
        return first(names).orElseThrow(() -> new CheckpointException(origin + ": none of the fields "
                + String.join(", ", names) + " is there, expected one of them"));
    }

    private JsonNode required(String name) {
        JsonNode node = json.path(name);
        if (node.isMissingNode()) {
            throw new CheckpointException(origin + ": the field " + name + " is missing");
        }
        if (node.isNull()) {
            throw new CheckpointException(origin + ": the field " + name + " is null, expected a value");
        }
        return node;
    }

    private interface Reader<E> {
        E read(JsonNode node, String name);
    }

    private <E> List<E> list(String name, String expected, Reader<E> reader) {
        JsonNode node = required(name);
        if (!node.isArray()) {
            throw wrong(name, "a list of " + expected, node);
        }
        List<E> values = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            values.add(reader.read(node.get(i), name + "[" + i + "]"));
        }
        return Collections.unmodifiableList(values);
    }

    private int toInteger(JsonNode node, String name) {
        long value = toLong(node, name);
        if (value != (int) value) {
            throw wrong(name, "a whole number of 32 bits", node);
        }
        return (int) value;
    }

    private long toLong(JsonNode node, String name) {
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        // 8.0 is how some exporters write 8
        if (node.isFloatingPointNumber() && node.doubleValue() == Math.rint(node.doubleValue())
                && Math.abs(node.doubleValue()) <= 1L << 53) {
            return (long) node.doubleValue();
        }
        throw wrong(name, "a whole number", node);
    }

    private double toNumber(JsonNode node, String name) {
        if (node.isNumber()) {
            return node.doubleValue();
        }
        JsonNode word = node.isObject() && node.size() == 1 ? node.path("__float__") : node;
        return switch (word.isTextual() ? word.textValue() : "") {
            case "Infinity", "inf" -> Double.POSITIVE_INFINITY;
            case "-Infinity", "-inf" -> Double.NEGATIVE_INFINITY;
            case "NaN", "nan" -> Double.NaN;
            default -> throw wrong(name, "a number", node);
        };
    }

    private String toText(JsonNode node, String name) {
        if (!node.isTextual()) {
            throw wrong(name, "a string", node);
        }
        return node.textValue();
    }

    private Config toSection(JsonNode node, String name) {
        if (!(node instanceof ObjectNode object)) {
            throw wrong(name, "an object", node);
        }
        return new Config(object, origin + ": " + name);
    }

    private CheckpointException wrong(String name, String expected, JsonNode found) {
        return new CheckpointException(origin + ": " + name + " is " + Json.kind(found) + ", expected " + expected);
    }
}
