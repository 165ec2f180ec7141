package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import dev.heddle.checkpoint.text.Nearest;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Numbers, flags, words and enum constants, from a file and back.
///
/// YAML takes `1e-5` for a word, and neither YAML nor JSON agree with others on infinity, so a number may stand in
/// quotes and `infinity` is one.
final class SpecScalars {
    private static final String INFINITY = "infinity";

    private SpecScalars() {
    }

    static Object read(Class<?> type, Scalar scalar, String path, SpecError error) {
        if (type == String.class) {
            return scalar.text();
        }
        if (type == boolean.class || type == Boolean.class) {
            if (scalar.kind() == Scalar.Kind.BOOLEAN) {
                return Boolean.valueOf(scalar.text());
            }
            throw error.wrong(scalar, path, expected(type));
        }
        if (type.isEnum()) {
            return constant(type, scalar, path, error);
        }
        try {
            if (type == double.class || type == Double.class) {
                return number(scalar);
            }
            BigDecimal exact = new BigDecimal(requireNumeric(scalar));
            if (type == int.class || type == Integer.class) {
                return exact.intValueExact();
            }
            if (type == long.class || type == Long.class) {
                return exact.longValueExact();
            }
        } catch (ArithmeticException e) {
            throw error.wrong(scalar, path, expected(type));
        }
        throw new IllegalStateException("a specification component of " + type + " at " + path);
    }

    private static double number(Scalar scalar) {
        if (scalar.kind() != Scalar.Kind.BOOLEAN) {
            switch (scalar.text().toLowerCase(Locale.ROOT)) {
                case INFINITY, ".inf", "inf" -> {
                    return Double.POSITIVE_INFINITY;
                }
                case "-infinity", "-.inf", "-inf" -> {
                    return Double.NEGATIVE_INFINITY;
                }
                default -> { }
            }
        }
        return new BigDecimal(requireNumeric(scalar)).doubleValue();
    }

    /// The text of a number of sane length.
    private static String requireNumeric(Scalar scalar) {
        String text = scalar.text().replace("_", "");
        if (scalar.kind() == Scalar.Kind.BOOLEAN || !text.matches("[-+]?(\\d{1,30}(\\.\\d{0,30})?|\\.\\d{1,30})([eE][-+]?\\d{1,3})?")) {
            throw new ArithmeticException("not a number");
        }
        return text;
    }

    private static Object constant(Class<?> type, Scalar scalar, String path, SpecError error) {
        List<String> names = Arrays.stream(type.getEnumConstants()).map(SpecScalars::text).toList();
        int index = names.indexOf(scalar.text());
        if (index < 0) {
            throw error.at(scalar, path + " is " + scalar.describe() + ", expected one of " + String.join(", ", names)
                    + Nearest.hint(scalar.text(), names));
        }
        return type.getEnumConstants()[index];
    }

    /// What a component of this type expects, in words.
    static String expected(Class<?> type) {
        if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
            return "a whole number";
        }
        if (type == double.class || type == Double.class) {
            return "a number";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        return "a word";
    }

    /// A value as a file writes it.
    static Scalar write(Object value) {
        return switch (value) {
            case Boolean flag -> Scalar.flag(flag);
            case Integer number -> Scalar.number(Integer.toString(number));
            case Long number -> Scalar.number(Long.toString(number));
            case Double number -> number(number);
            case String string -> Scalar.string(string);
            case Enum<?> constant -> Scalar.string(text(constant));
            default -> throw new CheckpointException("a specification cannot hold a " + value.getClass().getSimpleName());
        };
    }

    private static Scalar number(double value) {
        if (Double.isNaN(value)) {
            throw new CheckpointException("a specification cannot hold NaN");
        }
        if (Double.isInfinite(value)) {
            return Scalar.string(value > 0 ? INFINITY : "-" + INFINITY);
        }
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return Scalar.number(Long.toString((long) value));
        }
        return Scalar.number(Double.toString(value).replace(".0E", "e").replace('E', 'e'));
    }

    private static String text(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
    }
}
