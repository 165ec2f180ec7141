package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.CausalConvolution;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [CausalConvolution] in plain loops.
public final class PlainCausalConvolution implements CausalConvolution {
    /// Input at row `t` of segment `s`, from the state for rows before the segment.
    private static float input(Tensor x, Tensor state, Segments segments, int s, int t, int c, int taps) {
        int local = t - segments.start(s);
        if (local >= 0) {
            return Memory.f32(x.address(t) + 4L * c);
        }
        return Memory.f32(state.address(segments.slots()[s]) + 4L * ((long) (local + taps - 1) * x.columns() + c));
    }

    private static double sum(Tensor x, Tensor weight, Optional<Tensor> bias, Tensor state, Segments segments, int s, int t,
            int c) {
        int taps = weight.rows();
        double sum = bias.isEmpty() ? 0 : bias.get().get(c);
        for (int k = 0; k < taps; k++) {
            sum += (double) Memory.f32(weight.address(k) + 4L * c) * input(x, state, segments, s, t - taps + 1 + k, c, taps);
        }
        return sum;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, Tensor state,
            Segments segments) {
        int taps = weight.rows();
        int channels = x.columns();
        for (int s = 0; s < segments.count(); s++) {
            for (int c = 0; c < channels; c++) {
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    Memory.f32(y.address(t) + 4L * c,
                            Scalar.activate(activation, sum(x, weight, bias, state, segments, s, t, c)));
                }
                float[] last = new float[taps - 1];
                for (int k = 0; k < taps - 1; k++) {
                    last[k] = input(x, state, segments, s, segments.end(s) - taps + 1 + k, c, taps);
                }
                for (int k = 0; k < taps - 1; k++) {
                    Memory.f32(state.address(segments.slots()[s]) + 4L * ((long) k * channels + c), last[k]);
                }
            }
        }
    }

    @Override
    public void backward(Tensor dx, Tensor dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x, Tensor weight,
            Optional<Tensor> bias, Activation activation, Tensor initialState, Segments segments) {
        int taps = weight.rows();
        for (int s = 0; s < segments.count(); s++) {
            for (int c = 0; c < x.columns(); c++) {
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    double sum = sum(x, weight, bias, initialState, segments, s, t, c);
                    double d = Memory.f32(dy.address(t) + 4L * c) * Scalar.derivative(activation, sum);
                    if (dBias.isPresent()) {
                        dBias.get().set(c, (float) (dBias.get().get(c) + d));
                    }
                    for (int k = 0; k < taps; k++) {
                        int from = t - taps + 1 + k;
                        long w = weight.address(k) + 4L * c;
                        long dw = dWeight.address(k) + 4L * c;
                        Memory.f32(dw, (float) (Memory.f32(dw) + d * input(x, initialState, segments, s, from, c, taps)));
                        if (from >= segments.start(s)) {
                            long at = dx.address(from) + 4L * c;
                            Memory.f32(at, (float) (Memory.f32(at) + d * Memory.f32(w)));
                        }
                    }
                }
            }
        }
    }
}
