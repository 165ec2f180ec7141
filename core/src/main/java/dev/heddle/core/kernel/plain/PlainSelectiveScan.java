package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.SelectiveScan;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [SelectiveScan] step by step, one channel after the other.
public final class PlainSelectiveScan implements SelectiveScan {
    /// Positions between the states the backward keeps.
    private static final int CHUNK = 64;

    private static float at(Tensor x, int t, int d) {
        return Memory.f32(x.address(t) + 4L * d);
    }

    private static void plus(Tensor x, int t, int d, double value) {
        long address = x.address(t) + 4L * d;
        Memory.f32(address, (float) (Memory.f32(address) + value));
    }

    private static double bias(Optional<Tensor> dtBias, int i) {
        return dtBias.isEmpty() ? 0 : dtBias.get().get(i);
    }

    /// Advances `h` over row `t` and returns Σ_n c·h.
    private static double step(double[] h, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c, int t,
            int i) {
        double delta = Scalar.softplus(at(dt, t, i) + bias(dtBias, i));
        double y = 0;
        for (int n = 0; n < h.length; n++) {
            h[n] = Math.exp(delta * at(a, n, i)) * h[n] + delta * at(b, t, n) * at(x, t, i);
            y += at(c, t, n) * h[n];
        }
        return y;
    }

    private static double[] load(Tensor state, Segments segments, int s, int i, int states, int inner) {
        double[] h = new double[states];
        for (int n = 0; n < states; n++) {
            h[n] = at(state, segments.slots()[s], n * inner + i);
        }
        return h;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor state, Segments segments) {
        int inner = x.columns();
        int states = a.rows();
        for (int s = 0; s < segments.count(); s++) {
            for (int i = 0; i < inner; i++) {
                double[] h = load(state, segments, s, i, states, inner);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    double out = step(h, x, dt, dtBias, a, b, c, t, i);
                    double skip = d.isEmpty() ? 0 : d.get().get(i) * (double) at(x, t, i);
                    Memory.f32(y.address(t) + 4L * i, (float) (out + skip));
                }
                for (int n = 0; n < states; n++) {
                    Memory.f32(state.address(segments.slots()[s]) + 4L * ((long) n * inner + i), (float) h[n]);
                }
            }
        }
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b,
            Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments) {
        int states = a.rows();
        for (int s = 0; s < segments.count(); s++) {
            int start = segments.start(s);
            int chunks = (segments.length(s) + CHUNK - 1) / CHUNK;
            for (int i = 0; i < x.columns(); i++) {
                double[][] boundary = new double[chunks][];
                double[] h = load(initialState, segments, s, i, states, x.columns());
                for (int k = 0; k < chunks; k++) {
                    boundary[k] = h.clone();
                    for (int t = start + k * CHUNK; t < Math.min(segments.end(s), start + (k + 1) * CHUNK); t++) {
                        step(h, x, dt, dtBias, a, b, c, t, i);
                    }
                }
                double[] dh = new double[states];
                for (int k = chunks - 1; k >= 0; k--) {
                    int from = start + k * CHUNK;
                    chunkBackward(gradients, dy, x, dt, dtBias, a, b, c, d, boundary[k], dh, from,
                            Math.min(segments.end(s), from + CHUNK), i);
                }
            }
        }
    }

    private static void chunkBackward(Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a,
            Tensor b, Tensor c, Optional<Tensor> d, double[] before, double[] dh, int from, int to, int i) {
        int states = before.length;
        double[][] h = new double[to - from + 1][];
        h[0] = before;
        for (int t = from; t < to; t++) {
            h[t - from + 1] = h[t - from].clone();
            step(h[t - from + 1], x, dt, dtBias, a, b, c, t, i);
        }
        for (int t = to - 1; t >= from; t--) {
            double raw = at(dt, t, i) + bias(dtBias, i);
            double delta = Scalar.softplus(raw);
            double xt = at(x, t, i);
            double out = at(dy, t, i);
            double dDelta = 0;
            double dx = d.isEmpty() ? 0 : out * d.get().get(i);
            for (int n = 0; n < states; n++) {
                dh[n] += out * at(c, t, n);
                plus(gradients.c(), t, n, out * h[t - from + 1][n]);
                double decay = Math.exp(delta * at(a, n, i));
                double dDecay = dh[n] * h[t - from][n] * decay;
                dDelta += dDecay * at(a, n, i) + dh[n] * at(b, t, n) * xt;
                plus(gradients.a(), n, i, dDecay * delta);
                plus(gradients.b(), t, n, dh[n] * delta * xt);
                dx += dh[n] * delta * at(b, t, n);
                dh[n] *= decay;
            }
            plus(gradients.x(), t, i, dx);
            double dRaw = dDelta * Scalar.sigmoid(raw);
            plus(gradients.dt(), t, i, dRaw);
            gradients.dtBias().ifPresent(g -> plus(g, 0, i, dRaw));
            gradients.d().ifPresent(g -> plus(g, 0, i, out * xt));
        }
    }
}
