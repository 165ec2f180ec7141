package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// The lanes of sixteen vectors summed at once: halves are folded onto halves, two vectors into one at each step, which
/// takes a third of the work of sixteen single sums. Each sum has the order, and the bits, of [Lanes#sum].
final class LaneSums {
    /// Bytes of sixteen vectors.
    static final long BYTES = 16L * 4 * COUNT;

    private static final long STEP = 4L * COUNT;

    static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(Lanes.F, lane -> (lane ^ 8) % COUNT);
    static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(Lanes.F, lane -> (lane ^ 4) % COUNT);
    static final VectorShuffle<Float> BY_2 = VectorShuffle.fromOp(Lanes.F, lane -> lane ^ 2);
    static final VectorShuffle<Float> BY_1 = VectorShuffle.fromOp(Lanes.F, lane -> lane ^ 1);
    static final VectorMask<Float> UPPER_8 = VectorMask.fromLong(Lanes.F, 0xff00ff00ff00ff00L);
    static final VectorMask<Float> UPPER_4 = VectorMask.fromLong(Lanes.F, 0xf0f0f0f0f0f0f0f0L);
    static final VectorMask<Float> UPPER_2 = VectorMask.fromLong(Lanes.F, 0xccccccccccccccccL);
    static final VectorMask<Float> UPPER_1 = VectorMask.fromLong(Lanes.F, 0xaaaaaaaaaaaaaaaaL);

    private LaneSums() {
    }

    /// s[n] = sum of the lanes of vector n of the sixteen at `sums`, which are overwritten; `s` may be `sums`.
    ///
    /// Each step is a loop over memory: all steps in one expression exceed what the compiler is willing to inline.
    static void fold(long s, long sums) {
        for (int first = 0; first < 16; first += COUNT) {
            long at = sums + STEP * first;
            if (COUNT > 8) {
                by8(at);
            }
            if (COUNT > 4) {
                by4(at);
            }
            by2(at);
            FloatVector a = load(at);
            FloatVector b = load(at + STEP);
            store(a.blend(b, UPPER_1).add(b.blend(a, UPPER_1).rearrange(BY_1)), s + 4L * first);
        }
    }

    private static void by8(long sums) {
        for (int n = 0; n < 8; n++) {
            FloatVector a = load(sums + STEP * n);
            FloatVector b = load(sums + STEP * (n + 8));
            store(a.blend(b, UPPER_8).add(b.blend(a, UPPER_8).rearrange(BY_8)), sums + STEP * n);
        }
    }

    private static void by4(long sums) {
        for (int n = 0; n < 4; n++) {
            FloatVector a = load(sums + STEP * n);
            FloatVector b = load(sums + STEP * (n + 4));
            store(a.blend(b, UPPER_4).add(b.blend(a, UPPER_4).rearrange(BY_4)), sums + STEP * n);
        }
    }

    private static void by2(long sums) {
        for (int n = 0; n < 2; n++) {
            FloatVector a = load(sums + STEP * n);
            FloatVector b = load(sums + STEP * (n + 2));
            store(a.blend(b, UPPER_2).add(b.blend(a, UPPER_2).rearrange(BY_2)), sums + STEP * n);
        }
    }
}
