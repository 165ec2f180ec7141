package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;
import static dev.heddle.core.kernel.plain.Elements.row;

import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;

/// [LinearAttention] step by step. A head's state is its K·V sums followed by its K sums of keys, rounded to f32 after every
/// step, so that it does not matter where a pass ends.
public final class PlainLinearAttention implements LinearAttention {
    /// Positions between the states the backward keeps.
    private static final int CHUNK = 64;

    private static void step(double[] s, double[] k, double[] v) {
        int sums = k.length * v.length;
        for (int i = 0; i < k.length; i++) {
            for (int j = 0; j < v.length; j++) {
                s[i * v.length + j] = (float) (s[i * v.length + j] + k[i] * v[j]);
            }
            s[sums + i] = (float) (s[sums + i] + k[i]);
        }
    }

    /// ε + Σ_i q[i]·z[i], or 1.
    private static double divisor(Shape shape, double[] s, double[] q) {
        if (!shape.normalised()) {
            return 1;
        }
        double sum = shape.epsilon();
        for (int i = 0; i < q.length; i++) {
            sum += q[i] * s[q.length * shape.valueDim() + i];
        }
        return sum;
    }

    private static double[] read(Shape shape, double[] s, double[] q) {
        double[] out = new double[shape.valueDim()];
        double divisor = divisor(shape, s, q);
        for (int i = 0; i < q.length; i++) {
            for (int j = 0; j < out.length; j++) {
                out[j] += q[i] * s[i * out.length + j];
            }
        }
        for (int j = 0; j < out.length; j++) {
            out[j] /= divisor;
        }
        return out;
    }

    private static double[] load(Shape shape, Tensor state, int slot, int h) {
        int kd = shape.keyDim();
        int sums = kd * shape.valueDim();
        double[] s = Arrays.copyOf(row(state, slot, h * sums, sums), sums + kd);
        System.arraycopy(row(state, slot, shape.heads() * sums + h * kd, kd), 0, s, sums, kd);
        return s;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int h = 0; h < shape.heads(); h++) {
                double[] sums = load(shape, state, slot, h);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    step(sums, row(k, t, h * kd, kd), row(v, t, h * vd, vd));
                    put(y, t, h * vd, read(shape, sums, row(q, t, h * kd, kd)));
                }
                put(state, slot, h * kd * vd, Arrays.copyOf(sums, kd * vd));
                put(state, slot, shape.heads() * kd * vd + h * kd, Arrays.copyOfRange(sums, kd * vd, kd * (vd + 1)));
            }
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < shape.heads(); h++) {
                int head = h;
                ChunkedBackward.run(load(shape, initialState, segments.slots()[s], h), segments.start(s), segments.end(s), CHUNK,
                        (state, t) -> step(state, row(k, t, head * kd, kd), row(v, t, head * vd, vd)),
                        (ds, _, after, t) -> rowBackward(shape, gradients, ds, after, row(dy, t, head * vd, vd),
                                row(q, t, head * kd, kd), row(k, t, head * kd, kd), row(v, t, head * vd, vd), t, head));
            }
        }
    }

    private static void rowBackward(Shape shape, Gradients gradients, double[] ds, double[] after, double[] dy, double[] q,
            double[] k, double[] v, int t, int h) {
        int kd = k.length;
        int vd = v.length;
        double divisor = divisor(shape, after, q);
        double[] y = read(shape, after, q);
        double dDivisor = 0;
        for (int j = 0; j < vd && shape.normalised(); j++) {
            dDivisor -= dy[j] * y[j] / divisor;
        }
        double[] dq = new double[kd];
        double[] dk = new double[kd];
        double[] dv = new double[vd];
        for (int i = 0; i < kd; i++) {
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                dq[i] += dy[j] / divisor * after[ij];
                ds[ij] += dy[j] / divisor * q[i];
                dk[i] += ds[ij] * v[j];
                dv[j] += ds[ij] * k[i];
            }
            if (shape.normalised()) {
                dq[i] += dDivisor * after[kd * vd + i];
                ds[kd * vd + i] += dDivisor * q[i];
                dk[i] += ds[kd * vd + i];
            }
        }
        plus(gradients.q(), t, h * kd, dq);
        plus(gradients.k(), t, h * kd, dk);
        plus(gradients.v(), t, h * vd, dv);
    }
}
