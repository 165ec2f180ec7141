package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.row;

import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;

/// [GatedDeltaRule] step by step in double precision.
public final class PlainGatedDeltaRule implements GatedDeltaRule {
    /// One position of one head; decay holds a factor for each key channel.
    private record Position(double[] q, double[] k, double[] v, double[] decay, double rate) implements MatrixRecurrence.Row {
        static Position of(Shape shape, Inputs in, int t, int h) {
            int kd = shape.keyDim();
            int key = shape.keyHead(h) * kd;
            double[] decay = new double[kd];
            if (perHead(shape, in)) {
                Arrays.fill(decay, Math.exp(at(in.logDecay(), t, h)));
            } else {
                Arrays.setAll(decay, i -> Math.exp(at(in.logDecay(), t, h * kd + i)));
            }
            return new Position(row(in.q(), t, key, kd), row(in.k(), t, key, kd),
                    row(in.v(), t, h * shape.valueDim(), shape.valueDim()), decay, at(in.rate(), t, h));
        }

        /// Σ_m k[m]·decay[m]·S[m,j], what the decayed state holds under the key.
        double[] held(double[] s) {
            double[] held = new double[v.length];
            for (int i = 0; i < k.length; i++) {
                for (int j = 0; j < v.length; j++) {
                    held[j] += k[i] * decay[i] * s[i * v.length + j];
                }
            }
            return held;
        }

        @Override
        public void step(double[] s) {
            double[] held = held(s);
            for (int i = 0; i < k.length; i++) {
                for (int j = 0; j < v.length; j++) {
                    int ij = i * v.length + j;
                    s[ij] = decay[i] * s[ij] + rate * k[i] * (v[j] - held[j]);
                }
            }
        }

        @Override
        public double[] read(double[] s) {
            double[] out = new double[v.length];
            for (int i = 0; i < k.length; i++) {
                for (int j = 0; j < v.length; j++) {
                    out[j] += q[i] * s[i * v.length + j];
                }
            }
            return out;
        }
    }

    private static boolean perHead(Shape shape, Inputs in) {
        return in.logDecay().columns() == shape.heads();
    }

    @Override
    public void forward(Shape shape, Tensor y, Inputs inputs, Tensor state, Segments segments) {
        MatrixRecurrence.forward(y, shape.valueDim(), shape.heads(), shape.keyDim() * shape.valueDim(), state, segments,
                (t, h) -> Position.of(shape, inputs, t, h));
    }

    @Override
    public void backward(Shape shape, Inputs gradients, Tensor dy, Inputs inputs, Tensor initialState, Segments segments) {
        MatrixRecurrence.backward(shape.heads(), shape.keyDim() * shape.valueDim(), initialState, segments,
                (t, h) -> Position.of(shape, inputs, t, h), (dState, before, after, t, h) -> rowBackward(shape, gradients, dy,
                        Position.of(shape, inputs, t, h), dState, before, after, t, h));
    }

    private static void rowBackward(Shape shape, Inputs gradients, Tensor dy, Position x, double[] ds, double[] before,
            double[] after, int t, int h) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        double[] out = row(dy, t, h * vd, vd);
        double[] held = x.held(before);
        double[] dq = new double[kd];
        double[] dk = new double[kd];
        double[] dv = new double[vd];
        double[] dDecay = new double[kd];
        for (int i = 0; i < kd; i++) {
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                dq[i] += out[j] * after[ij];
                ds[ij] += x.q[i] * out[j];
                dk[i] += ds[ij] * x.rate * (x.v[j] - held[j]);
                dv[j] += ds[ij] * x.rate * x.k[i];
            }
        }
        double dRate = 0;
        for (int j = 0; j < vd; j++) {
            // dv is β·Σ_i k[i]·dS[i,j], computed anew without β, which may be 0
            double written = 0;
            for (int i = 0; i < kd; i++) {
                written += ds[i * vd + j] * x.k[i];
            }
            dRate += written * (x.v[j] - held[j]);
        }
        for (int i = 0; i < kd; i++) {
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                double decayed = x.decay[i] * before[ij];
                dk[i] -= dv[j] * decayed;
                double dDecayed = ds[ij] - x.k[i] * dv[j];
                dDecay[i] += dDecayed * decayed;
                ds[ij] = dDecayed * x.decay[i];
            }
        }
        int key = shape.keyHead(h) * kd;
        plus(gradients.q(), t, key, dq);
        plus(gradients.k(), t, key, dk);
        plus(gradients.v(), t, h * vd, dv);
        plus(gradients.rate(), t, h, dRate);
        if (perHead(shape, gradients)) {
            plus(gradients.logDecay(), t, h, Arrays.stream(dDecay).sum());
        } else {
            plus(gradients.logDecay(), t, h * kd, dDecay);
        }
    }
}
