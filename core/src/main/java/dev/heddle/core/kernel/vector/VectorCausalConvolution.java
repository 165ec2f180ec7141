package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.CausalConvolution;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [CausalConvolution] on the Vector API: vectors run over channels, threads share the rows, and the channels where
/// weights gather their gradients.
public final class VectorCausalConvolution implements CausalConvolution {
    /// Channels that are finished before the next, so that sums wait in the first-level cache for their activation.
    private static final int BLOCK = 512;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorCausalConvolution(Workers workers) {
        this.workers = workers;
    }

    /// Address of the input at row `t` of segment `s`, which lies in the state for rows before the segment.
    private static long input(Tensor x, Tensor state, Segments segments, int s, int t, int taps) {
        int local = t - segments.start(s);
        return local >= 0 ? x.address(t) : state.address(segments.slots()[s]) + 4L * (local + taps - 1) * x.columns();
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, Tensor state,
            Segments segments) {
        int taps = weight.rows();
        int channels = x.columns();
        int grain = Math.ceilDiv(Stretches.HEAVY, Math.max(1, channels));
        workers.forRange(segments.rows(), grain, (from, to) -> {
            int s = segments.of(from);
            for (int t = from; t < to; t++) {
                while (t >= segments.end(s)) {
                    s++;
                }
                for (int c = 0; c < channels; c += BLOCK) {
                    int n = Math.min(BLOCK, channels - c);
                    long out = y.address(t) + 4L * c;
                    sum(out, x, weight, bias, state, segments, s, t, c, n);
                    Activations.apply(activation, out, out, n);
                }
            }
        });
        for (int s = 0; s < segments.count(); s++) {
            long to = state.address(segments.slots()[s]);
            for (int k = 0; k < taps - 1; k++) {
                long from = input(x, state, segments, s, segments.end(s) - taps + 1 + k, taps);
                Memory.copy(to + 4L * k * channels, from, 4L * channels);
            }
        }
    }

    /// y[c] = bias[c] + Σ_k w[k,c] · x[t−K+1+k, c] for `n` channels from `c`.
    private static void sum(long y, Tensor x, Tensor weight, Optional<Tensor> bias, Tensor state, Segments segments, int s,
            int t, int c, int n) {
        int taps = weight.rows();
        long b = bias.isPresent() ? bias.get().address() + 4L * c : 0;
        long column = 4L * c;
        if (taps == 4) {
            ConvolutionRows.four(y, input(x, state, segments, s, t - 3, 4) + column,
                    input(x, state, segments, s, t - 2, 4) + column, input(x, state, segments, s, t - 1, 4) + column,
                    x.address(t) + column, weight.address() + column, weight.rowBytes(), b, n);
            return;
        }
        if (b == 0) {
            ConvolutionRows.zero(y, n);
        } else {
            Memory.copy(y, b, 4L * n);
        }
        for (int k = 0; k < taps; k++) {
            Arithmetic.addProduct(y, weight.address(k) + column, input(x, state, segments, s, t - taps + 1 + k, taps) + column,
                    n);
        }
    }

    @Override
    public void backward(Tensor dx, Tensor dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x, Tensor weight,
            Optional<Tensor> bias, Activation activation, Tensor initialState, Segments segments) {
        Stretches.columns(workers, segments.rows(), x.columns(), Stretches.HEAVY, (_, from, count) -> {
            for (int c = from; c < from + count; c += BLOCK) {
                int n = Math.min(BLOCK, from + count - c);
                long upstream = scratch.get().address(4L * n);
                for (int s = 0; s < segments.count(); s++) {
                    for (int t = segments.start(s); t < segments.end(s); t++) {
                        sum(upstream, x, weight, bias, initialState, segments, s, t, c, n);
                        ActivationDerivatives.apply(activation, upstream, upstream, n);
                        Arithmetic.multiply(upstream, upstream, dy.address(t) + 4L * c, n);
                        if (dBias.isPresent()) {
                            long db = dBias.get().address() + 4L * c;
                            Arithmetic.add(db, db, upstream, n);
                        }
                        row(dx, dWeight, upstream, x, weight, initialState, segments, s, t, c, n);
                    }
                }
            }
        });
    }

    /// What the upstream gradient of one row adds to the inputs and the weights it met.
    private static void row(Tensor dx, Tensor dWeight, long upstream, Tensor x, Tensor weight, Tensor initialState,
            Segments segments, int s, int t, int c, int n) {
        int taps = weight.rows();
        for (int k = 0; k < taps; k++) {
            int from = t - taps + 1 + k;
            Arithmetic.addProduct(dWeight.address(k) + 4L * c, upstream,
                    input(x, initialState, segments, s, from, taps) + 4L * c, n);
            if (from >= segments.start(s)) {
                Arithmetic.addProduct(dx.address(from) + 4L * c, upstream, weight.address(k) + 4L * c, n);
            }
        }
    }
}
