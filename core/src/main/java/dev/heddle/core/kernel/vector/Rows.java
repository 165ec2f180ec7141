package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
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
                VectorMask<Float> mask = F.indexInRange(0, width - j);
                FloatVector.fromMemorySegment(F, ALL, from + 4L * (padded(width) * r + j), ORDER)
                        .intoMemorySegment(ALL, to + r * toBytes + 4L * j, ORDER, mask);
            }
        }
    }

    /// One padded row: to[j] = factor·from[j].
    static void scaled(long to, long from, int width, float factor) {
        for (int j = 0; j < width; j += Lanes.COUNT) {
            FloatVector.fromMemorySegment(F, ALL, from + 4L * j, ORDER, F.indexInRange(0, width - j)).mul(factor).intoMemorySegment(ALL, to + 4L * j, ORDER);
        }
    }

    /// One row that is not padded: to[j] = factor·from[j]; both may be one.
    static void scale(long to, long from, int width, float factor) {
        for (int j = 0; j < width; j += Lanes.COUNT) {
            VectorMask<Float> mask = F.indexInRange(0, width - j);
            FloatVector.fromMemorySegment(F, ALL, from + 4L * j, ORDER, mask).mul(factor)
                    .intoMemorySegment(ALL, to + 4L * j, ORDER, mask);
        }
    }

    /// One row that is not padded: to[j] += factor·from[j].
    static void add(long to, long from, int width, float factor) {
        for (int j = 0; j < width; j += Lanes.COUNT) {
            VectorMask<Float> mask = F.indexInRange(0, width - j);
            FloatVector old = FloatVector.fromMemorySegment(F, ALL, to + 4L * j, ORDER, mask);
            FloatVector.fromMemorySegment(F, ALL, from + 4L * j, ORDER, mask).fma(FloatVector.broadcast(F, factor), old)
                    .intoMemorySegment(ALL, to + 4L * j, ORDER, mask);
        }
    }

    /// to[j] += a[j]·b[j], not padded.
    static void addProduct(long to, long a, long b, int width) {
        for (int j = 0; j < width; j += Lanes.COUNT) {
            VectorMask<Float> mask = F.indexInRange(0, width - j);
            FloatVector sum = FloatVector.fromMemorySegment(F, ALL, to + 4L * j, ORDER, mask);
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, a + 4L * j, ORDER, mask);
            FloatVector.fromMemorySegment(F, ALL, b + 4L * j, ORDER, mask).fma(v, sum)
                    .intoMemorySegment(ALL, to + 4L * j, ORDER, mask);
        }
    }

    /// Σ_j a[j]·b[j], not padded.
    static float dot(long a, long b, int width) {
        FloatVector sum = FloatVector.zero(F);
        for (int j = 0; j < width; j += Lanes.COUNT) {
            VectorMask<Float> mask = F.indexInRange(0, width - j);
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, a + 4L * j, ORDER, mask);
            sum = FloatVector.fromMemorySegment(F, ALL, b + 4L * j, ORDER, mask).fma(v, sum);
        }
        return Lanes.sum(sum);
    }
}
