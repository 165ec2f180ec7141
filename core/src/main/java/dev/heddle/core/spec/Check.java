package dev.heddle.core.spec;

import java.util.List;

/// Validation of specification fields; every error names the field and the value.
final class Check {
    private Check() {
    }

    static void positive(String field, long value) {
        if (value <= 0) {
            throw new SpecException(field, "must be positive, not " + value);
        }
    }

    static void notNegative(String field, double value) {
        if (!(value >= 0)) {
            throw new SpecException(field, "must not be negative, not " + value);
        }
    }

    static void finite(String field, double value) {
        if (!Double.isFinite(value)) {
            throw new SpecException(field, "must be finite, not " + value);
        }
    }

    static void divides(String divisorField, long divisor, String field, long value) {
        positive(divisorField, divisor);
        if (value % divisor != 0) {
            throw new SpecException(field, "(" + value + ") must be a multiple of " + divisorField + " (" + divisor + ")");
        }
    }

    static void present(String field, Object value) {
        if (value == null) {
            throw new SpecException(field, "is missing");
        }
    }

    static <T> List<T> list(String field, List<T> values) {
        present(field, values);
        return List.copyOf(values);
    }
}
