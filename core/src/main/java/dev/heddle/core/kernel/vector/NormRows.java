package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Sums over `n` floats and the affine maps that end a normalisation. Lanes past the end of a row hold zero.
final class NormRows {
    private NormRows() {
    }

    /// Σ x².
    static float squares(long x, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector v = load(x + 4L * i);
            sum = v.fma(v, sum);
        }
        if (whole < n) {
            FloatVector v = load(x + 4L * whole, Lanes.first(n - whole));
            sum = v.fma(v, sum);
        }
        return Lanes.sum(sum);
    }

    /// Σ x.
    static float sum(long x, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            sum = sum.add(load(x + 4L * i));
        }
        if (whole < n) {
            sum = sum.add(load(x + 4L * whole, Lanes.first(n - whole)));
        }
        return Lanes.sum(sum);
    }

    /// Σ (x − mean)².
    static float deviations(long x, float mean, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector v = load(x + 4L * i).sub(mean);
            sum = v.fma(v, sum);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector v = Lanes.zero().blend(load(x + 4L * whole, rest).sub(mean), rest);
            sum = v.fma(v, sum);
        }
        return Lanes.sum(sum);
    }

    /// Σ a·b.
    static float dot(long a, long b, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            sum = load(a + 4L * i).fma(load(b + 4L * i), sum);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            sum = load(a + 4L * whole, rest).fma(load(b + 4L * whole, rest), sum);
        }
        return Lanes.sum(sum);
    }

    /// y = x · factor · (w + offset).
    static void scaled(long y, long x, float factor, long w, float offset, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(x + 4L * i).mul(factor).mul(load(w + 4L * i).add(offset)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(x + 4L * whole, rest).mul(factor).mul(load(w + 4L * whole, rest).add(offset)), y + 4L * whole, rest);
        }
    }

    /// y = (x − mean) · factor.
    static void centred(long y, long x, float mean, float factor, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(x + 4L * i).sub(mean).mul(factor), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(x + 4L * whole, rest).sub(mean).mul(factor), y + 4L * whole, rest);
        }
    }

    /// dx += a · dy + b · x + c.
    static void addAffine(long dx, long dy, float a, long x, float b, float c, int n) {
        int whole = Lanes.whole(n);
        FloatVector av = FloatVector.broadcast(F, a);
        FloatVector bv = FloatVector.broadcast(F, b);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector g = load(x + 4L * i).fma(bv, FloatVector.broadcast(F, c));
            store(load(dx + 4L * i).add(load(dy + 4L * i).fma(av, g)), dx + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector g = load(x + 4L * whole, rest).fma(bv, FloatVector.broadcast(F, c));
            store(load(dx + 4L * whole, rest).add(load(dy + 4L * whole, rest).fma(av, g)), dx + 4L * whole, rest);
        }
    }

    /// dw[d] += Σ_t dy[t,d] · (x[t,d] − mean[t]) · factor[t] for `n` columns d, where the statistics of row t lie
    /// at index `first + t · step`.
    static void addWeightGradient(long dw, long dy, long dyBytes, long x, long xBytes, float[] mean, float[] factor,
            int first, int step, int rows, int n) {
        int whole = Lanes.whole(n);
        for (int d = 0; d < whole; d += Lanes.COUNT) {
            FloatVector sum = Lanes.zero();
            for (int t = 0; t < rows; t++) {
                int i = first + t * step;
                FloatVector out = load(dy + t * dyBytes + 4L * d).mul(factor[i]);
                sum = load(x + t * xBytes + 4L * d).sub(mean[i]).fma(out, sum);
            }
            store(load(dw + 4L * d).add(sum), dw + 4L * d);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector sum = Lanes.zero();
            for (int t = 0; t < rows; t++) {
                int i = first + t * step;
                FloatVector out = load(dy + t * dyBytes + 4L * whole, rest).mul(factor[i]);
                sum = load(x + t * xBytes + 4L * whole, rest).sub(mean[i]).fma(out, sum);
            }
            store(load(dw + 4L * whole, rest).add(sum), dw + 4L * whole, rest);
        }
    }
}
