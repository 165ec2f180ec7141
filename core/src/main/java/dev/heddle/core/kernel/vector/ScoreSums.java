package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// The lanes of hundreds of vectors summed at once, step by step like [LaneSums] does it with sixteen. Each step is one
/// loop over all of them: loops over a few vectors would cost more than what they do.
final class ScoreSums {
    private static final long STEP = 4L * COUNT;

    private static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(Lanes.F, lane -> (lane ^ 8) % COUNT);
    private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(Lanes.F, lane -> (lane ^ 4) % COUNT);
    private static final VectorShuffle<Float> BY_2 = VectorShuffle.fromOp(Lanes.F, lane -> lane ^ 2);
    private static final VectorShuffle<Float> BY_1 = VectorShuffle.fromOp(Lanes.F, lane -> lane ^ 1);
    private static final VectorMask<Float> UPPER_8 = VectorMask.fromLong(Lanes.F, 0xff00ff00ff00ff00L);
    private static final VectorMask<Float> UPPER_4 = VectorMask.fromLong(Lanes.F, 0xf0f0f0f0f0f0f0f0L);
    private static final VectorMask<Float> UPPER_2 = VectorMask.fromLong(Lanes.F, 0xccccccccccccccccL);
    private static final VectorMask<Float> UPPER_1 = VectorMask.fromLong(Lanes.F, 0xaaaaaaaaaaaaaaaaL);

    private ScoreSums() {
    }

    /// s[r,n] = sum of the lanes of vector n of row r at `sums`; the sums are overwritten.
    ///
    /// @param sBytes from one row of s to the next
    /// @param width  vectors of a row, one row after the other; a multiple of 16
    static void fold(long s, long sBytes, long sums, int rows, int width) {
        int vectors = rows * width;
        if (COUNT > 8) {
            by8(sums, vectors / 2);
        }
        if (COUNT > 4) {
            by4(sums, vectors * 4 / COUNT);
        }
        by2(sums, vectors * 2 / COUNT);
        int perRow = width / COUNT;
        for (int r = 0; r < rows; r++) {
            by1(s + r * sBytes, sums + STEP * width * r, perRow);
        }
    }

    // The pairs of a step are vectors n and n + half in each group of COUNT vectors, n < half.

    private static void by8(long sums, int pairs) {
        for (int i = 0; i < pairs; i++) {
            long at = sums + STEP * ((i & 7) + (i & -8) * 2L);
            FloatVector a = load(at);
            FloatVector b = load(at + 8 * STEP);
            store(a.blend(b, UPPER_8).add(b.blend(a, UPPER_8).rearrange(BY_8)), at);
        }
    }

    private static void by4(long sums, int pairs) {
        for (int i = 0; i < pairs; i++) {
            long at = sums + STEP * ((i & 3) + (i & -4) * (COUNT / 4L));
            FloatVector a = load(at);
            FloatVector b = load(at + 4 * STEP);
            store(a.blend(b, UPPER_4).add(b.blend(a, UPPER_4).rearrange(BY_4)), at);
        }
    }

    private static void by2(long sums, int pairs) {
        for (int i = 0; i < pairs; i++) {
            long at = sums + STEP * ((i & 1) + (i & -2) * (COUNT / 2L));
            FloatVector a = load(at);
            FloatVector b = load(at + 2 * STEP);
            store(a.blend(b, UPPER_2).add(b.blend(a, UPPER_2).rearrange(BY_2)), at);
        }
    }

    private static void by1(long s, long sums, int count) {
        for (int i = 0; i < count; i++) {
            long at = sums + STEP * COUNT * i;
            FloatVector a = load(at);
            FloatVector b = load(at + STEP);
            store(a.blend(b, UPPER_1).add(b.blend(a, UPPER_1).rearrange(BY_1)), s + STEP * i);
        }
    }
}
