package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;
import static dev.heddle.core.kernel.plain.Elements.row;

import dev.heddle.core.kernel.Retention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;

/// [Retention] step by step in double precision.
public final class PlainRetention implements Retention {
    /// Positions between the states the backward keeps.
    private static final int CHUNK = 64;

    private static void step(double[] s, double[] k, double[] v, double decay) {
        for (int i = 0; i < k.length; i++) {
            for (int j = 0; j < v.length; j++) {
                s[i * v.length + j] = decay * s[i * v.length + j] + k[i] * v[j];
            }
        }
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int h = 0; h < shape.heads(); h++) {
                double[] hidden = row(state, slot, h * kd * vd, kd * vd);
                double decay = Math.exp(shape.logDecay()[h]);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    step(hidden, row(k, t, h * kd, kd), row(v, t, h * vd, vd), decay);
                    double scale = shape.rowScale(h, segments.positions()[s] + t - segments.start(s));
                    double[] qt = row(q, t, h * kd, kd);
                    double[] out = new double[vd];
                    for (int i = 0; i < kd; i++) {
                        for (int j = 0; j < vd; j++) {
                            out[j] += scale * qt[i] * hidden[i * vd + j];
                        }
                    }
                    put(y, t, h * vd, out);
                }
                put(state, slot, h * kd * vd, hidden);
            }
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        for (int s = 0; s < segments.count(); s++) {
            long offset = segments.positions()[s] - segments.start(s);
            for (int h = 0; h < shape.heads(); h++) {
                int head = h;
                double decay = Math.exp(shape.logDecay()[h]);
                ChunkedBackward.run(row(initialState, segments.slots()[s], h * kd * vd, kd * vd), segments.start(s),
                        segments.end(s), CHUNK,
                        (state, t) -> step(state, row(k, t, head * kd, kd), row(v, t, head * vd, vd), decay),
                        (dState, _, after, t) -> rowBackward(shape, gradients, dy, q, k, v, dState, after, t, head,
                                shape.rowScale(head, offset + t), decay));
            }
        }
    }

    private static void rowBackward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, double[] ds,
            double[] after, int t, int h, double scale, double decay) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        double[] qt = row(q, t, h * kd, kd);
        double[] kt = row(k, t, h * kd, kd);
        double[] vt = row(v, t, h * vd, vd);
        double[] out = row(dy, t, h * vd, vd);
        double[] dq = new double[kd];
        double[] dk = new double[kd];
        double[] dv = new double[vd];
        for (int i = 0; i < kd; i++) {
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                dq[i] += scale * out[j] * after[ij];
                ds[ij] += scale * qt[i] * out[j];
                dk[i] += ds[ij] * vt[j];
                dv[j] += ds[ij] * kt[i];
                ds[ij] *= decay;
            }
        }
        plus(gradients.q(), t, h * kd, dq);
        plus(gradients.k(), t, h * kd, dk);
        plus(gradients.v(), t, h * vd, dv);
    }
}
