package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.BidirectionalAttention;
import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Kernels along sequences of several lengths in one batch: attention and convolution that see both sides, S4D, linear
/// attention.
class VectorSequenceKernelsTest {
    /// Five sequences, one of them empty, in slots of their own.
    private static final Segments SEGMENTS = new Segments(new int[] {0, 1, 1, 38, 41, 105}, new long[] {0, 0, 9, 3, 0},
            new int[] {2, 0, 5, 1, 4});
    private static final int ROWS = 105;
    private static final int SLOTS = 6;

    private final KernelComparison kernels = new KernelComparison();

    @Test
    void bidirectionalAttention() {
        for (int heads : new int[] {1, 3}) {
            for (int dim : new int[] {1, 5, Lanes.COUNT, 40}) {
                BidirectionalAttention.Shape shape = new BidirectionalAttention.Shape(heads, dim, (float) (1 / Math.sqrt(dim)));
                Tensor q = kernels.view(ROWS, heads * dim, 3);
                Tensor key = kernels.view(ROWS, heads * dim, 3);
                Tensor v = kernels.view(ROWS, heads * dim);
                kernels.compare(shape.toString(), 1e-5, k -> {
                    Tensor y = kernels.output(ROWS, heads * dim);
                    k.bidirectionalAttention().forward(shape, y, q, key, v, SEGMENTS);
                    return List.of(y);
                });
            }
        }
    }

    @Test
    void symmetricConvolution() {
        for (int channels : new int[] {1, Lanes.COUNT, Lanes.COUNT + 3, 700}) {
            for (int taps : new int[] {1, 3, 4}) {
                Tensor x = kernels.view(ROWS, channels);
                Tensor weight = kernels.values(taps, channels);
                for (Optional<Tensor> bias : List.of(Optional.<Tensor>empty(), Optional.of(kernels.values(1, channels)))) {
                    kernels.compare(channels + " channels, " + taps + " taps", 2e-6, k -> {
                        Tensor y = kernels.output(ROWS, channels);
                        k.symmetricConvolution().forward(y, x, weight, bias, Activation.SILU, SEGMENTS);
                        return List.of(y);
                    });
                }
            }
        }
    }

    @Test
    void diagonalStateSpace() {
        for (boolean complex : new boolean[] {false, true}) {
            for (int states : new int[] {1, 4}) {
                for (int channels : new int[] {1, Lanes.COUNT, Lanes.COUNT + 1, 70}) {
                    DiagonalStateSpace.Shape shape = new DiagonalStateSpace.Shape(states, complex);
                    Tensor table = kernels.values(DType.F32, 0.7, shape.tableRows(), channels);
                    Tensor x = kernels.view(ROWS, channels);
                    Tensor c = kernels.values(states, channels);
                    Optional<Tensor> cImag = complex ? Optional.of(kernels.values(states, channels)) : Optional.empty();
                    Tensor d = kernels.values(1, channels);
                    Tensor before = kernels.values(SLOTS, shape.stateElements(channels));
                    kernels.compare(shape + " of " + channels, 1e-5, k -> {
                        Tensor y = kernels.output(ROWS, channels);
                        Tensor state = kernels.contiguousCopy(before);
                        k.diagonalStateSpace().forward(shape, y, x, table, c, cImag, d, state, SEGMENTS);
                        return List.of(y, state);
                    });
                    Tensor dy = kernels.view(ROWS, channels);
                    kernels.compare("gradients, " + shape + " of " + channels, 1e-5, k -> {
                        Tensor dx = kernels.copy(x);
                        List<Tensor> sums = List.of(kernels.contiguousCopy(table), kernels.contiguousCopy(c), kernels.contiguousCopy(d));
                        Optional<Tensor> imaginary = cImag.map(kernels::contiguousCopy);
                        k.diagonalStateSpace().backward(shape, new DiagonalStateSpace.Gradients(dx, sums.get(0), sums.get(1), imaginary,
                                sums.get(2)), dy, x, table, c, cImag, d, before, SEGMENTS);
                        return Stream.of(Stream.of(dx), sums.stream(), imaginary.stream()).flatMap(all -> all).toList();
                    });
                }
            }
        }
    }

    @Test
    void linearAttention() {
        for (boolean normalised : new boolean[] {false, true}) {
            for (int keyDim : new int[] {1, Lanes.COUNT + 1}) {
                for (int valueDim : new int[] {1, Lanes.COUNT, 70}) {
                    LinearAttention.Shape shape = new LinearAttention.Shape(2, keyDim, valueDim, normalised, 1e-6f);
                    Tensor q = positive(ROWS, 2 * keyDim);
                    Tensor key = positive(ROWS, 2 * keyDim);
                    Tensor v = kernels.view(ROWS, 2 * valueDim);
                    Tensor before = positive(SLOTS, shape.stateElements());
                    kernels.compare(shape.toString(), 1e-5, k -> {
                        Tensor y = kernels.output(ROWS, 2 * valueDim);
                        Tensor state = kernels.contiguousCopy(before);
                        k.linearAttention().forward(shape, y, q, key, v, state, SEGMENTS);
                        return List.of(y, state);
                    });
                }
            }
        }
    }

    private Tensor positive(int rows, int columns) {
        Tensor x = kernels.values(rows, columns);
        for (long i = 0; i < x.elements(); i++) {
            x.set(i, 0.01f + Math.abs(x.get(i)));
        }
        return x;
    }
}
