package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;
import static dev.heddle.core.kernel.plain.Elements.row;

import dev.heddle.core.kernel.MatrixWkv;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;

/// [MatrixWkv] step by step in double precision.
public final class PlainMatrixWkv implements MatrixWkv {
    /// Positions between the states the backward keeps.
    private static final int CHUNK = 64;

    /// The K numbers of head `h` in a tensor of one per key channel or one per head, of one row or of T.
    private static double[] perKey(Shape shape, Tensor x, int t, int h) {
        int row = x.elements() == x.columns() ? 0 : t;
        if (x.columns() == shape.heads() * shape.keyDim()) {
            return row(x, row, h * shape.keyDim(), shape.keyDim());
        }
        double[] values = new double[shape.keyDim()];
        Arrays.fill(values, row(x, row, h, 1)[0]);
        return values;
    }

    private static void plusPerKey(Shape shape, Tensor x, int t, int h, double[] values) {
        int row = x.elements() == x.columns() ? 0 : t;
        if (x.columns() == shape.heads() * shape.keyDim()) {
            plus(x, row, h * shape.keyDim(), values);
        } else {
            plus(x, row, h, Arrays.stream(values).sum());
        }
    }

    private static void step(double[] s, double[] k, double[] v, double[] logDecay) {
        for (int i = 0; i < k.length; i++) {
            double decay = Math.exp(logDecay[i]);
            for (int j = 0; j < v.length; j++) {
                s[i * v.length + j] = decay * s[i * v.length + j] + k[i] * v[j];
            }
        }
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor state,
            Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int h = 0; h < shape.heads(); h++) {
                double[] hidden = row(state, slot, h * kd * vd, kd * vd);
                double[] u = perKey(shape, bonus, 0, h);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    double[] rt = row(r, t, h * kd, kd);
                    double[] kt = row(k, t, h * kd, kd);
                    double[] vt = row(v, t, h * vd, vd);
                    double[] out = new double[vd];
                    for (int i = 0; i < kd; i++) {
                        for (int j = 0; j < vd; j++) {
                            out[j] += rt[i] * (hidden[i * vd + j] + u[i] * kt[i] * vt[j]);
                        }
                    }
                    put(y, t, h * vd, out);
                    step(hidden, kt, vt, perKey(shape, logDecay, t, h));
                }
                put(state, slot, h * kd * vd, hidden);
            }
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor r, Tensor k, Tensor v, Tensor logDecay,
            Tensor bonus, Tensor initialState, Segments segments) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < shape.heads(); h++) {
                int head = h;
                ChunkedBackward.run(row(initialState, segments.slots()[s], h * kd * vd, kd * vd), segments.start(s),
                        segments.end(s), CHUNK,
                        (state, t) -> step(state, row(k, t, head * kd, kd), row(v, t, head * vd, vd),
                                perKey(shape, logDecay, t, head)),
                        (dState, before, _, t) -> rowBackward(shape, gradients, dy, r, k, v, logDecay, bonus, dState, before,
                                t, head));
            }
        }
    }

    private static void rowBackward(Shape shape, Gradients gradients, Tensor dy, Tensor r, Tensor k, Tensor v,
            Tensor logDecay, Tensor bonus, double[] ds, double[] s, int t, int h) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        double[] rt = row(r, t, h * kd, kd);
        double[] kt = row(k, t, h * kd, kd);
        double[] vt = row(v, t, h * vd, vd);
        double[] out = row(dy, t, h * vd, vd);
        double[] u = perKey(shape, bonus, 0, h);
        double[] g = perKey(shape, logDecay, t, h);
        double along = 0;
        for (int j = 0; j < vd; j++) {
            along += out[j] * vt[j];
        }
        double[] dr = new double[kd];
        double[] dk = new double[kd];
        double[] dv = new double[vd];
        double[] dg = new double[kd];
        double[] du = new double[kd];
        for (int i = 0; i < kd; i++) {
            double decay = Math.exp(g[i]);
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                dr[i] += out[j] * s[ij];
                dk[i] += ds[ij] * vt[j];
                dv[j] += ds[ij] * kt[i] + out[j] * rt[i] * u[i] * kt[i];
                dg[i] += ds[ij] * s[ij] * decay;
                ds[ij] = decay * ds[ij] + rt[i] * out[j];
            }
            dr[i] += u[i] * kt[i] * along;
            dk[i] += rt[i] * u[i] * along;
            du[i] = rt[i] * kt[i] * along;
        }
        plus(gradients.r(), t, h * kd, dr);
        plus(gradients.k(), t, h * kd, dk);
        plus(gradients.v(), t, h * vd, dv);
        plusPerKey(shape, gradients.logDecay(), t, h, dg);
        plusPerKey(shape, gradients.bonus(), 0, h, du);
    }
}
