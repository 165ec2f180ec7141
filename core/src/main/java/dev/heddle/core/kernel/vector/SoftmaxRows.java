package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// The steps of a softmax over one row of `n` floats.
final class SoftmaxRows {
    /// Floats that are summed by themselves, which keeps the error of long sums small.
    private static final int RUN = 64 * Lanes.COUNT;

    private SoftmaxRows() {
    }

    /// max_i x[i]; −∞ for an empty row.
    static float max(long x, int n) {
        int whole = Lanes.whole(n);
        FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            max = max.max(load(x + 4L * i));
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            max = max.blend(max.max(load(x + 4L * whole, rest)), rest);
        }
        return Lanes.max(max);
    }

    /// Σ_i e^(x[i] − max).
    static float sumOfExp(long x, float max, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = Lanes.zero();
        for (int from = 0; from < whole; from += RUN) {
            FloatVector run = Lanes.zero();
            int end = Math.min(from + RUN, whole);
            for (int i = from; i < end; i += Lanes.COUNT) {
                run = run.add(VectorMath.exp(load(x + 4L * i).sub(max)));
            }
            sum = sum.add(run);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector e = VectorMath.exp(load(x + 4L * whole, rest).sub(max));
            sum = sum.add(Lanes.zero().blend(e, rest));
        }
        return Lanes.sum(sum);
    }

    /// y[i] += factor · e^(x[i] − max).
    static void addExp(long y, long x, float max, float factor, int n) {
        int whole = Lanes.whole(n);
        FloatVector scale = FloatVector.broadcast(F, factor);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.exp(load(x + 4L * i).sub(max)).fma(scale, load(y + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector e = VectorMath.exp(load(x + 4L * whole, rest).sub(max));
            store(e.fma(scale, load(y + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }
}
