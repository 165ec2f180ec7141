package dev.heddle.core.kernel.vector;

import jdk.incubator.vector.VectorMask;

/// Rows of f32 numbers padded with zeros to whole vectors.
final class Rows {
    private Rows() {
    }

    /// `n` rounded up to whole vectors.
    static int padded(int n) {
        return Lanes.whole(n + Lanes.COUNT - 1);
    }

    /// Copies rows of `width` numbers to padded ones.
    static void pad(long to, long from, long fromBytes, int rows, int width) {
        for (int r = 0; r < rows; r++) {
            scaled(to + 4L * padded(width) * r, from + r * fromBytes, width, 1);
        }
    }

    /// Copies padded rows to rows of `width` numbers.
    static void unpad(long to, long from, long toBytes, int rows, int width) {
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < width; j += Lanes.COUNT) {
                VectorMask<Float> mask = Lanes.first(width - j);
                Lanes.store(Lanes.load(from + 4L * (padded(width) * r + j), mask), to + r * toBytes + 4L * j, mask);
            }
        }
    }

    /// One padded row: to[j] = factor·from[j].
    static void scaled(long to, long from, int width, float factor) {
        for (int j = 0; j < width; j += Lanes.COUNT) {
            Lanes.store(Lanes.load(from + 4L * j, Lanes.first(width - j)).mul(factor), to + 4L * j);
        }
    }
}
