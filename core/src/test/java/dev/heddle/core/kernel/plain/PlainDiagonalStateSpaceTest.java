package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.DiagonalStateSpace.Gradients;
import dev.heddle.core.kernel.DiagonalStateSpace.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The recurrence against the convolution it is dual to, y[t] = Σ_s K[t−s]·x[s] with K[l] = κ·Re Σ_n c·ā^l·b̄, computed in
/// double precision from the continuous parameters; gradients against differences of that.
class PlainDiagonalStateSpaceTest {
    private static final PlainDiagonalStateSpace KERNEL = new PlainDiagonalStateSpace();

    private record Case(Shape shape, int channels, int length, double[] x, double[] dtLog, double[] aLog, double[] aImag, double[] c,
            double[] cImag, double[] d) {
        static Case random(boolean complex, int states, int channels, int length) {
            SplittableRandom random = new SplittableRandom(length);
            int n = states * channels;
            return new Case(new Shape(states, complex), channels, length, values(random, length * channels, -1, 1),
                    values(random, channels, -7, 1), values(random, n, -1.5, 1.5), values(random, complex ? n : 0, -3, 3),
                    values(random, n, -1, 1), values(random, complex ? n : 0, -1, 1), values(random, channels, -1, 1));
        }

        private static double[] values(SplittableRandom random, int count, double from, double to) {
            return random.doubles(count, from, to).map(x -> (float) x).toArray();
        }

        List<double[]> inputs() {
            return List.of(x, dtLog, aLog, aImag, c, cImag, d);
        }

        /// Σ weights ⊙ y by the convolution.
        double convolved(double[] weights, double[] y) {
            double loss = 0;
            for (int i = 0; i < channels; i++) {
                double[] kernel = new double[length];
                for (int n = 0; n < shape.states(); n++) {
                    addKernel(kernel, n * channels + i, i);
                }
                for (int t = 0; t < length; t++) {
                    double sum = d[i] * x[t * channels + i];
                    for (int s = 0; s <= t; s++) {
                        sum += kernel[t - s] * x[s * channels + i];
                    }
                    y[t * channels + i] = sum;
                    loss += weights[t * channels + i] * sum;
                }
            }
            return loss;
        }

        private void addKernel(double[] kernel, int at, int i) {
            double step = Math.exp(dtLog[i]);
            double re = -Math.exp(aLog[at]);
            double im = shape.complex() ? aImag[at] : 0;
            double inputRe = Math.exp(step * re) * Math.cos(step * im) - 1;
            double inputIm = Math.exp(step * re) * Math.sin(step * im);
            double square = re * re + im * im;
            double bRe = (inputRe * re + inputIm * im) / square;
            double bIm = (inputIm * re - inputRe * im) / square;
            double weightIm = shape.complex() ? cImag[at] : 0;
            double cbRe = c[at] * bRe - weightIm * bIm;
            double cbIm = c[at] * bIm + weightIm * bRe;
            for (int l = 0; l < length; l++) {
                double size = Math.exp(l * step * re);
                kernel[l] += (shape.complex() ? 2 : 1) * size * (cbRe * Math.cos(l * step * im) - cbIm * Math.sin(l * step * im));
            }
        }
    }

    private static Tensor tensor(Arena arena, double[] values, long rows) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, rows, rows == 0 ? 0 : values.length / rows);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, (float) values[i]);
        }
        return tensor;
    }

    private static Optional<Tensor> imaginary(Arena arena, double[] values, Shape shape) {
        return shape.complex() ? Optional.of(tensor(arena, values, shape.states())) : Optional.empty();
    }

    private static Segments segment(int length) {
        return new Segments(new int[] {0, length}, new long[] {0}, new int[] {0});
    }

    @ParameterizedTest(name = "complex {0}, {1} states, {2} channels, {3} positions")
    @CsvSource({"true, 3, 4, 1", "true, 4, 3, 37", "false, 5, 2, 37", "true, 2, 3, 130", "false, 1, 1, 64"})
    void recurrenceIsTheConvolutionHoweverItIsCut(boolean complex, int states, int channels, int length) {
        Case one = Case.random(complex, states, channels, length);
        try (Arena arena = Arena.ofConfined()) {
            double[] expected = new double[length * channels];
            one.convolved(new double[length * channels], expected);
            double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
            Tensor table = Tensor.zeros(arena, DType.F32, one.shape().tableRows(), channels);
            KERNEL.discretize(one.shape(), table, tensor(arena, one.dtLog(), 1), tensor(arena, one.aLog(), states),
                    imaginary(arena, one.aImag(), one.shape()));
            Tensor x = tensor(arena, one.x(), length);
            Tensor c = tensor(arena, one.c(), states);
            Optional<Tensor> cImag = imaginary(arena, one.cImag(), one.shape());
            float[] whole = null;
            for (int piece : new int[] {length, 1, 5}) {
                Tensor y = Tensor.zeros(arena, DType.F32, length, channels);
                Tensor state = Tensor.zeros(arena, DType.F32, 1, one.shape().stateElements(channels));
                for (int from = 0; from < length; from += piece) {
                    int to = Math.min(length, from + piece);
                    KERNEL.forward(one.shape(), y.rowRange(from, to), x.rowRange(from, to), table, c, cImag, tensor(arena, one.d(), 1),
                            state, segment(to - from));
                }
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], y.get(i), 2e-5 * largest, "pieces of " + piece + ", element " + i);
                }
                whole = whole == null ? y.toFloats() : whole;
                assertArrayEquals(whole, y.toFloats(), "bits in pieces of " + piece);
            }
        }
    }

    @ParameterizedTest(name = "complex {0}, {1} states, {2} channels, {3} positions")
    @CsvSource({"true, 3, 2, 9", "false, 4, 3, 9", "true, 2, 1, 70"})
    void gradientsAreThoseOfTheConvolution(boolean complex, int states, int channels, int length) {
        Case one = Case.random(complex, states, channels, length);
        double[] weights = Case.values(new SplittableRandom(5), length * channels, -1, 1);
        try (Arena arena = Arena.ofConfined()) {
            Tensor dtLog = tensor(arena, one.dtLog(), 1);
            Tensor aLog = tensor(arena, one.aLog(), states);
            Optional<Tensor> aImag = imaginary(arena, one.aImag(), one.shape());
            Tensor table = Tensor.zeros(arena, DType.F32, one.shape().tableRows(), channels);
            KERNEL.discretize(one.shape(), table, dtLog, aLog, aImag);
            List<Tensor> gradients = one.inputs().stream().map(values -> Tensor.zeros(arena, DType.F32,
                    values == one.x() ? length : values == one.dtLog() || values == one.d() ? 1 : states, channels)).toList();
            Optional<Tensor> dAImag = complex ? Optional.of(gradients.get(3)) : Optional.empty();
            Optional<Tensor> dCImag = complex ? Optional.of(gradients.get(5)) : Optional.empty();
            Tensor dTable = Tensor.zeros(arena, DType.F32, one.shape().tableRows(), channels);
            KERNEL.backward(one.shape(), new Gradients(gradients.get(0), dTable, gradients.get(4), dCImag, gradients.get(6)),
                    tensor(arena, weights, length), tensor(arena, one.x(), length), table, tensor(arena, one.c(), states),
                    imaginary(arena, one.cImag(), one.shape()), tensor(arena, one.d(), 1),
                    Tensor.zeros(arena, DType.F32, 1, one.shape().stateElements(channels)), segment(length));
            KERNEL.discretizeGradient(one.shape(), gradients.get(1), gradients.get(2), dAImag, dTable, dtLog, aLog, aImag);
            double[] y = new double[length * channels];
            for (int k = 0; k < gradients.size(); k++) {
                double[] values = one.inputs().get(k);
                double[] expected = new double[values.length];
                for (int i = 0; i < values.length; i++) {
                    double before = values[i];
                    values[i] = before + 1e-5;
                    double above = one.convolved(weights, y);
                    values[i] = before - 1e-5;
                    expected[i] = (above - one.convolved(weights, y)) / 2e-5;
                    values[i] = before;
                }
                double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
                for (int i = 0; i < values.length; i++) {
                    assertEquals(expected[i], gradients.get(k).get(i), 2e-5 * largest + 1e-6, "input " + k + ", element " + i);
                }
            }
        }
    }
}
