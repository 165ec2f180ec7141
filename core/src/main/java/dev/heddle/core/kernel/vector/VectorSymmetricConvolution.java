package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.SymmetricConvolution;
import dev.heddle.core.kernel.plain.PlainSymmetricConvolution;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [SymmetricConvolution] on the Vector API: vectors run over channels, threads share the rows. The gradient is the plain
/// kernel's.
public final class VectorSymmetricConvolution implements SymmetricConvolution {
    private final Workers workers;
    private final SymmetricConvolution plain = new PlainSymmetricConvolution();

    public VectorSymmetricConvolution(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, Segments segments) {
        int taps = weight.rows();
        int channels = x.columns();
        int grain = Math.ceilDiv(Stretches.HEAVY, Math.max(1, channels));
        workers.forRange(segments.rows(), grain, (from, to) -> {
            int s = segments.of(from);
            for (int t = from; t < to; t++) {
                while (t >= segments.end(s)) {
                    s++;
                }
                long out = y.address(t);
                if (bias.isEmpty()) {
                    ConvolutionRows.zero(out, channels);
                } else {
                    Memory.copy(out, bias.get().address(), 4L * channels);
                }
                for (int k = 0; k < taps; k++) {
                    int row = t - (taps - 1) / 2 + k;
                    if (row >= segments.start(s) && row < segments.end(s)) {
                        Arithmetic.addProduct(out, weight.address(k), x.address(row), channels);
                    }
                }
                Activations.apply(activation, out, out, channels);
            }
        });
    }

    @Override
    public void backward(Tensor dx, Tensor dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x, Tensor weight,
            Optional<Tensor> bias, Activation activation, Segments segments) {
        plain.backward(dx, dWeight, dBias, dy, x, weight, bias, activation, segments);
    }
}
