package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;
import static dev.heddle.core.kernel.plain.Elements.row;

import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;

/// [DeltaWkv] step by step in double precision.
public final class PlainDeltaWkv implements DeltaWkv {
    /// One position of one head.
    private record Position(double[] r, double[] decay, double[] k, double[] v, double[] removal, double[] rate)
            implements MatrixRecurrence.Row {
        static Position of(Shape shape, Inputs in, int t, int h) {
            int kd = shape.keyDim();
            double[] decay = row(in.logDecay(), t, h * kd, kd);
            for (int i = 0; i < kd; i++) {
                decay[i] = Math.exp(decay[i]);
            }
            return new Position(row(in.r(), t, h * kd, kd), decay, row(in.k(), t, h * kd, kd),
                    row(in.v(), t, h * shape.valueDim(), shape.valueDim()), row(in.removal(), t, h * kd, kd),
                    row(in.rate(), t, h * kd, kd));
        }

        /// Σ_m κ[m]·S[m,j], what the state holds under the removal key.
        double[] held(double[] s) {
            double[] held = new double[v.length];
            for (int i = 0; i < k.length; i++) {
                for (int j = 0; j < v.length; j++) {
                    held[j] += removal[i] * s[i * v.length + j];
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
                    s[ij] = decay[i] * s[ij] - rate[i] * removal[i] * held[j] + k[i] * v[j];
                }
            }
        }

        @Override
        public double[] read(double[] s) {
            double[] out = new double[v.length];
            for (int i = 0; i < k.length; i++) {
                for (int j = 0; j < v.length; j++) {
                    out[j] += r[i] * s[i * v.length + j];
                }
            }
            return out;
        }
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
        double[] dr = new double[kd];
        double[] dg = new double[kd];
        double[] dk = new double[kd];
        double[] dv = new double[vd];
        double[] dRemoval = new double[kd];
        double[] dRate = new double[kd];
        double[] dHeld = new double[vd];
        for (int i = 0; i < kd; i++) {
            double written = 0;
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                dr[i] += out[j] * after[ij];
                ds[ij] += x.r[i] * out[j];
                dg[i] += ds[ij] * before[ij] * x.decay[i];
                dk[i] += ds[ij] * x.v[j];
                dv[j] += ds[ij] * x.k[i];
                dHeld[j] -= ds[ij] * x.rate[i] * x.removal[i];
                written -= ds[ij] * held[j];
            }
            dRemoval[i] += written * x.rate[i];
            dRate[i] += written * x.removal[i];
        }
        for (int i = 0; i < kd; i++) {
            for (int j = 0; j < vd; j++) {
                int ij = i * vd + j;
                dRemoval[i] += dHeld[j] * before[ij];
                ds[ij] = x.decay[i] * ds[ij] + x.removal[i] * dHeld[j];
            }
        }
        plus(gradients.r(), t, h * kd, dr);
        plus(gradients.logDecay(), t, h * kd, dg);
        plus(gradients.k(), t, h * kd, dk);
        plus(gradients.v(), t, h * vd, dv);
        plus(gradients.removal(), t, h * kd, dRemoval);
        plus(gradients.rate(), t, h * kd, dRate);
    }

    @Override
    public void bonus(Shape shape, Tensor y, Tensor x, Tensor r, Tensor k, Tensor v, Tensor bonus) {
        int vd = shape.valueDim();
        for (int t = 0; t < y.rows(); t++) {
            for (int h = 0; h < shape.heads(); h++) {
                double weight = weight(shape, r, k, bonus, t, h);
                for (int j = h * vd; j < (h + 1) * vd; j++) {
                    put(y, t, j, at(x, t, j) + weight * at(v, t, j));
                }
            }
        }
    }

    private static double weight(Shape shape, Tensor r, Tensor k, Tensor bonus, int t, int h) {
        double sum = 0;
        for (int i = h * shape.keyDim(); i < (h + 1) * shape.keyDim(); i++) {
            sum += (double) at(r, t, i) * at(k, t, i) * bonus.get(i);
        }
        return sum;
    }

    @Override
    public void bonusGradient(Shape shape, Tensor dr, Tensor dk, Tensor dv, Tensor dBonus, Tensor dy, Tensor r, Tensor k,
            Tensor v, Tensor bonus) {
        int vd = shape.valueDim();
        for (int t = 0; t < dy.rows(); t++) {
            for (int h = 0; h < shape.heads(); h++) {
                double weight = weight(shape, r, k, bonus, t, h);
                double dWeight = 0;
                for (int j = h * vd; j < (h + 1) * vd; j++) {
                    dWeight += (double) at(dy, t, j) * at(v, t, j);
                    plus(dv, t, j, weight * at(dy, t, j));
                }
                for (int i = h * shape.keyDim(); i < (h + 1) * shape.keyDim(); i++) {
                    plus(dr, t, i, dWeight * at(k, t, i) * bonus.get(i));
                    plus(dk, t, i, dWeight * at(r, t, i) * bonus.get(i));
                    dBonus.set(i, (float) (dBonus.get(i) + dWeight * at(r, t, i) * at(k, t, i)));
                }
            }
        }
    }
}
