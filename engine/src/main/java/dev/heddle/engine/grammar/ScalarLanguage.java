package dev.heddle.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Strings and numbers of a JSON Schema.
final class ScalarLanguage {
    private static final String DATE = "\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])";
    private static final String TIME = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-](0\\d|1[0-4]):[0-5]\\d)";
    private static final String OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String HOST = "[a-z0-9]{1,24}(-[a-z0-9]{1,12}){0,2}(\\.[a-z0-9]{1,24}(-[a-z0-9]{1,12})?){0,2}\\.[a-z]{2,12}";
    /// Patterns all of whose strings have the format; days end at 28, which every month has.
    private static final Map<String, String> FORMATS = Map.of(
            "date", "^" + DATE + "$",
            "time", "^" + TIME + "$",
            "date-time", "^" + DATE + "T" + TIME + "$",
            "duration", "^P(\\d{1,4}W|\\d{1,4}D|(\\d{1,4}D)?T(\\d{1,4}H(\\d{1,4}M(\\d{1,4}S)?)?|\\d{1,4}M(\\d{1,4}S)?|\\d{1,4}S))$",
            "uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            "ipv4", "^" + OCTET + "(\\." + OCTET + "){3}$",
            "ipv6", "^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}$",
            "hostname", "^" + HOST + "$",
            "uri", "^https?://" + HOST + "(:[1-9]\\d{0,3})?(/[A-Za-z0-9_.~-]{1,40}){0,8}/?(\\?[A-Za-z0-9_.~=&-]{1,80})?$",
            "email", "^[a-z0-9]{1,24}([._-][a-z0-9]{1,12}){0,2}@[a-z0-9]{1,32}(\\.[a-z]{2,8})?\\.(com|net|org)$");

    private final Grammar grammar;
    private final JsonText json;
    private final NumberRange range;

    ScalarLanguage(Grammar grammar, JsonText json) {
        this.grammar = grammar;
        this.json = json;
        range = new NumberRange(grammar, json);
    }

    Language string(JsonNode schema, String path) {
        List<String> kinds = Stream.of("pattern", "format", "minLength", "maxLength").filter(schema::has).toList();
        if (schema.has("pattern") || schema.has("format")) {
            if (kinds.size() > 1) {
                throw new SchemaException(SchemaLanguage.at(path, kinds.get(1)), String.join(" and ", kinds) + " together are not supported");
            }
            return json.quoted(pattern(schema.get(kinds.getFirst()), kinds.getFirst(), SchemaLanguage.at(path, kinds.getFirst())));
        }
        int min = count(schema, "minLength", 0, path);
        int max = count(schema, "maxLength", -1, path);
        if (max >= 0 && max < min) {
            throw new SchemaException(SchemaLanguage.at(path, "maxLength"), "maxLength is below minLength");
        }
        return json.quoted(grammar.repeat(json.character, min, max));
    }

    private Language pattern(JsonNode node, String keyword, String path) {
        String pattern = keyword.equals("pattern") ? node.textValue() : FORMATS.get(node.asText());
        if (pattern == null) {
            throw new SchemaException(path, keyword.equals("pattern") ? "expected a string"
                    : "the format " + node + " is not supported; known are " + FORMATS.keySet().stream().sorted().toList());
        }
        try {
            Language language = PatternLanguage.of(grammar, pattern);
            if (language.isNothing()) {
                throw new SchemaException(path, "no string that the model can write matches it");
            }
            return language;
        } catch (IllegalArgumentException e) {
            throw new SchemaException(path, e.getMessage());
        }
    }

    Language integer(JsonNode schema, String path) {
        Optional<BigInteger> low = whole(bound(schema, "minimum", path).map(b -> b.setScale(0, RoundingMode.CEILING)));
        Optional<BigInteger> high = whole(bound(schema, "maximum", path).map(b -> b.setScale(0, RoundingMode.FLOOR)));
        low = larger(low, whole(bound(schema, "exclusiveMinimum", path).map(b -> b.setScale(0, RoundingMode.FLOOR)
                .add(BigDecimal.ONE))));
        high = larger(high.map(BigInteger::negate), whole(bound(schema, "exclusiveMaximum", path)
                .map(b -> b.setScale(0, RoundingMode.CEILING).subtract(BigDecimal.ONE).negate()))).map(BigInteger::negate);
        return some(range.whole(low, high), path);
    }

    Language number(JsonNode schema, String path) {
        Optional<BigDecimal> from = bound(schema, "minimum", path);
        Optional<BigDecimal> above = bound(schema, "exclusiveMinimum", path);
        Optional<BigDecimal> to = bound(schema, "maximum", path);
        Optional<BigDecimal> below = bound(schema, "exclusiveMaximum", path);
        boolean leaveLow = above.isPresent() && (from.isEmpty() || above.get().compareTo(from.get()) >= 0);
        boolean leaveHigh = below.isPresent() && (to.isEmpty() || below.get().compareTo(to.get()) <= 0);
        return some(range.any(leaveLow ? above : from, leaveLow, leaveHigh ? below : to, leaveHigh), path);
    }

    private static Language some(Language language, String path) {
        if (language.isNothing()) {
            throw new SchemaException(path, "no number lies between its bounds");
        }
        return language;
    }

    private static Optional<BigInteger> whole(Optional<BigDecimal> number) {
        return number.map(BigDecimal::toBigInteger);
    }

    private static Optional<BigInteger> larger(Optional<BigInteger> one, Optional<BigInteger> other) {
        return one.isPresent() && other.isPresent() ? Optional.of(one.get().max(other.get())) : one.or(() -> other);
    }

    private static Optional<BigDecimal> bound(JsonNode schema, String keyword, String path) {
        JsonNode node = schema.path(keyword);
        if (node.isMissingNode()) {
            return Optional.empty();
        }
        boolean usable = node.isNumber() && (!node.isFloatingPointNumber() || Double.isFinite(node.doubleValue()))
                && node.decimalValue().precision() - node.decimalValue().scale() <= 40;
        if (!usable) {
            throw new SchemaException(SchemaLanguage.at(path, keyword), "expected a number of at most 40 digits");
        }
        return Optional.of(node.decimalValue());
    }

    /// A count that a keyword gives.
    static int count(JsonNode schema, String keyword, int otherwise, String path) {
        JsonNode node = schema.path(keyword);
        if (node.isMissingNode()) {
            return otherwise;
        }
        if (!node.isNumber() || !node.canConvertToExactIntegral() || node.doubleValue() < 0 || node.doubleValue() > 1_000_000) {
            throw new SchemaException(SchemaLanguage.at(path, keyword), "expected a whole number from 0 to 1000000");
        }
        return node.intValue();
    }
}
