package dev.heddle.checkpoint.gguf.export;

import java.util.Optional;

/// Rows of a written tensor: those of a parameter, all or chosen ones, changed value by value; or constant numbers.
///
/// @param parameter its name; empty for constants
/// @param rows      which of its rows in which order, seen as rows of the written tensor's width; absent for all
/// @param change    what becomes of each value
/// @param constants the numbers, if it is no parameter
public record Part(String parameter, Optional<int[]> rows, Change change, float[] constants) {
    private static final float[] NONE = {};

    /// What becomes of a value.
    @FunctionalInterface
    public interface Change {
        Change NONE = x -> x;
        /// From ln(−A) to A.
        Change NEGATIVE_EXP = x -> (float) -StrictMath.exp(x);
        /// From w − 1 to w.
        Change PLUS_ONE = x -> x + 1;

        float apply(float x);

        static Change times(double factor) {
            float f = (float) factor;
            return f == 1 ? NONE : x -> x * f;
        }
    }

    /// A whole parameter.
    static Part of(String parameter) {
        return new Part(parameter, Optional.empty(), Change.NONE, NONE);
    }

    static Part constant(float[] values) {
        return new Part("", Optional.empty(), Change.NONE, values);
    }

    Part at(int[] chosen) {
        return new Part(parameter, Optional.of(chosen), change, constants);
    }

    /// Rows `from` (inclusive) to `to` (exclusive).
    Part range(int from, int to) {
        int[] chosen = new int[to - from];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = from + i;
        }
        return at(chosen);
    }

    Part times(double factor) {
        return changed(Change.times(factor));
    }

    Part changed(Change one) {
        return new Part(parameter, rows, one, constants);
    }

    Part below(String prefix) {
        return constants.length > 0 ? this : new Part(prefix + parameter, rows, change, constants);
    }
}
