package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VectorCausalConvolutionTest {
    /// An empty segment, one row, fewer rows than taps, and many; slots in another order.
    private static final Segments SEGMENTS = new Segments(new int[] {0, 5, 5, 6, 8, 90}, new long[] {0, 3, 7, 1, 0},
            new int[] {2, 0, 4, 1, 5});

    private final KernelComparison kernels = new KernelComparison();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void agrees(int taps) {
        for (int channels : new int[] {1, Lanes.COUNT - 1, Lanes.COUNT, 63, 1000}) {
            Tensor x = kernels.view(SEGMENTS.rows(), channels);
            Tensor weight = kernels.values(taps, channels);
            Tensor state = kernels.values(6, (taps - 1) * channels);
            Tensor dy = kernels.view(SEGMENTS.rows(), channels);
            Tensor before = kernels.view(SEGMENTS.rows(), channels);
            for (Optional<Tensor> bias : List.of(Optional.<Tensor>empty(), Optional.of(kernels.values(1, channels)))) {
                for (Activation activation : List.of(Activation.IDENTITY, Activation.SILU)) {
                    String what = channels + " channels, " + taps + " taps, " + activation;
                    kernels.compare(what, 1e-6, k -> {
                        Tensor y = kernels.output(SEGMENTS.rows(), channels);
                        Tensor memory = kernels.contiguousCopy(state);
                        k.causalConvolution().forward(y, x, weight, bias, activation, memory, SEGMENTS);
                        return List.of(y, memory);
                    });
                    kernels.compare("gradient of " + what, 1e-5, k -> {
                        Tensor dx = kernels.copy(before);
                        Tensor dWeight = kernels.contiguousCopy(weight);
                        Optional<Tensor> dBias = bias.map(kernels::contiguousCopy);
                        k.causalConvolution().backward(dx, dWeight, dBias, dy, x, weight, bias, activation, state, SEGMENTS);
                        return dBias.map(b -> List.of(dx, dWeight, b)).orElse(List.of(dx, dWeight));
                    });
                }
            }
        }
    }
}
