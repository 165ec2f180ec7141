package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.server.http.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The fields of a request by name; `null` counts as not there. A field of the wrong kind is refused by its name.
public final class Fields {
    private final ObjectNode node;
    private final String path;

    public Fields(ObjectNode node) {
        this(node, "");
    }

    private Fields(ObjectNode node, String path) {
        this.node = node;
        this.path = path;
    }

    /// Where this object stands in the request.
    public String path() {
        return path;
    }

    /// The full name of a field.
    public String name(String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    public Optional<JsonNode> any(String field) {
        JsonNode value = node.path(field);
        return value.isMissingNode() || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    private ApiException wrong(String field, JsonNode found, String expected) {
        return ApiException.invalid(name(field), name(field) + " must be " + expected + ", not " + Json.kind(found));
    }

    public Optional<String> text(String field) {
        Optional<JsonNode> value = any(field);
        if (value.isPresent() && !value.get().isTextual()) {
            throw wrong(field, value.get(), "a string");
        }
        return value.map(JsonNode::textValue);
    }

    public String requiredText(String field) {
        return text(field).orElseThrow(() -> ApiException.invalid(name(field), name(field) + " is missing"));
    }

    public boolean flag(String field) {
        Optional<JsonNode> value = any(field);
        if (value.isPresent() && !value.get().isBoolean()) {
            throw wrong(field, value.get(), "true or false");
        }
        return value.map(JsonNode::booleanValue).orElse(false);
    }

    /// A whole number; 1.0 is one.
    public Optional<Long> whole(String field, long low, long high) {
        Optional<JsonNode> value = any(field);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        JsonNode number = value.get();
        if (!number.isNumber() || !number.canConvertToExactIntegral() || !number.canConvertToLong() || number.longValue() < low
                || number.longValue() > high) {
            throw wrong(field, number, "a whole number from " + low + " to " + high);
        }
        return Optional.of(number.longValue());
    }

    public Optional<Double> number(String field, double low, double high) {
        Optional<JsonNode> value = any(field);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        double number = value.get().isNumber() ? value.get().doubleValue() : Double.NaN;
        if (!(number >= low && number <= high)) {
            throw wrong(field, value.get(), "a number from " + low + " to " + high);
        }
        return Optional.of(number);
    }

    public Optional<Fields> object(String field) {
        Optional<JsonNode> value = any(field);
        if (value.isPresent() && !value.get().isObject()) {
            throw wrong(field, value.get(), "an object");
        }
        return value.map(object -> new Fields((ObjectNode) object, name(field)));
    }

    /// A list, empty if it is not there.
    public List<JsonNode> list(String field, int most) {
        Optional<JsonNode> value = any(field);
        if (value.isPresent() && !value.get().isArray()) {
            throw wrong(field, value.get(), "a list");
        }
        List<JsonNode> items = new ArrayList<>();
        value.ifPresent(list -> list.forEach(items::add));
        if (items.size() > most) {
            throw ApiException.invalid(name(field), name(field) + " has " + items.size() + " entries, " + most + " are allowed");
        }
        return items;
    }

    /// A list of objects.
    public List<Fields> objects(String field, int most) {
        List<Fields> objects = new ArrayList<>();
        for (JsonNode item : list(field, most)) {
            if (!item.isObject()) {
                throw wrong(field + "[" + objects.size() + "]", item, "an object");
            }
            objects.add(new Fields((ObjectNode) item, name(field) + "[" + objects.size() + "]"));
        }
        return objects;
    }

    /// A string or a list of strings.
    public List<String> texts(String field, int most) {
        Optional<JsonNode> value = any(field);
        if (value.isPresent() && value.get().isTextual()) {
            return List.of(value.get().textValue());
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode item : list(field, most)) {
            if (!item.isTextual()) {
                throw wrong(field + "[" + texts.size() + "]", item, "a string");
            }
            texts.add(item.textValue());
        }
        return texts;
    }

    /// Refuses what this server does not do, so that nothing is left out silently.
    public void refuse(String field, String why) {
        if (any(field).isPresent()) {
            throw ApiException.invalid(name(field), name(field) + " is not supported: " + why);
        }
    }

    ObjectNode node() {
        return node;
    }
}
