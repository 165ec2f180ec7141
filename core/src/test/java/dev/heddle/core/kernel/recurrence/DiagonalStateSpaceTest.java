package dev.heddle.core.kernel.recurrence;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.DiagonalStateSpace.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainDiagonalStateSpace;
import dev.heddle.core.kernel.vector.VectorDiagonalStateSpace;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// S4D's recurrence as an associative scan over complex maps, from a state that is not zero. (As a convolution:
/// `PlainDiagonalStateSpaceTest`.)
class DiagonalStateSpaceTest {
    /// States are rounded to f32 in every step.
    private static final double TOLERANCE = 1e-5;

    /// What states of these parameters may reach: e^1.5 for a constant input of one, and one from the beginning.
    private static final double SCALE = 6;

    @ParameterizedTest
    @CsvSource({"true, 3, 17", "true, 8, 64", "true, 1, 1", "false, 4, 33", "false, 1, 5"})
    void bothKernelsEqualTheScan(boolean complex, int states, int channels) {
        Shape shape = new Shape(states, complex);
        try (Arena arena = Arena.ofConfined(); Workers workers = new Workers(2)) {
            for (DiagonalStateSpace kernel : List.of(new PlainDiagonalStateSpace(), new VectorDiagonalStateSpace(workers))) {
                check(shape, channels, kernel, new Ragged(arena, states), 1, 33, 0, 7, 130);
            }
        }
    }

    private static void check(Shape shape, int channels, DiagonalStateSpace kernel, Ragged ragged, int... lengths) {
        Segments segments = ragged.segments(lengths);
        int rows = segments.offsets()[lengths.length];
        Tensor x = ragged.view(rows, channels, -1, 1);
        Tensor dtLog = ragged.dense(-5, 0, channels);
        Tensor aLog = ragged.dense(-1.5f, 1.5f, shape.states(), channels);
        Optional<Tensor> aImag = shape.complex() ? Optional.of(ragged.dense(-3, 3, shape.states(), channels)) : Optional.empty();
        Tensor c = ragged.dense(-1, 1, shape.states(), channels);
        Optional<Tensor> cImag = shape.complex() ? Optional.of(ragged.dense(-1, 1, shape.states(), channels)) : Optional.empty();
        Tensor d = ragged.dense(-1, 1, channels);
        Tensor initial = ragged.dense(-1, 1, Ragged.slots(segments), shape.stateElements(channels));
        Tensor state = ragged.copy(initial);
        Tensor table = ragged.dense(0, 1, shape.tableRows(), channels);
        kernel.discretize(shape, table, dtLog, aLog, aImag);
        Tensor y = ragged.unwritten(rows, channels);
        kernel.forward(shape, y, x, table, c, cImag, d, state, segments);

        int plane = shape.states() * channels;
        for (int segment = 0; segment < lengths.length; segment++) {
            int slot = segments.slots()[segment];
            for (int i = 0; i < channels; i++) {
                double[][] re = new double[lengths[segment] + 1][shape.states()];
                double[][] im = new double[lengths[segment] + 1][shape.states()];
                for (int n = 0; n < shape.states(); n++) {
                    int at = n * channels + i;
                    double imaginary = shape.complex() ? initial.get(slot * initial.columns() + plane + at) : 0;
                    scan(x, segments.start(segment), lengths[segment], i, Math.exp(dtLog.get(i)), -Math.exp(aLog.get(at)),
                            aImag.isPresent() ? aImag.get().get(at) : 0, initial.get(slot * initial.columns() + at), imaginary, n, re, im);
                    assertEquals(re[lengths[segment]][n], state.get(slot * state.columns() + at), TOLERANCE * SCALE);
                    if (shape.complex()) {
                        assertEquals(im[lengths[segment]][n], state.get(slot * state.columns() + plane + at), TOLERANCE * SCALE);
                    }
                }
                for (int t = 0; t < lengths[segment]; t++) {
                    int row = segments.start(segment) + t;
                    double sum = 0;
                    for (int n = 0; n < shape.states(); n++) {
                        int at = n * channels + i;
                        sum += c.get(at) * re[t + 1][n] - (cImag.isPresent() ? cImag.get().get(at) * im[t + 1][n] : 0);
                    }
                    double expected = (shape.complex() ? 2 : 1) * sum + d.get(i) * at(x, row, i);
                    assertEquals(expected, at(y, row, i), TOLERANCE * SCALE * shape.states());
                }
            }
        }
    }

    private static float at(Tensor tensor, int row, int column) {
        return tensor.get((long) row * tensor.columns() + column);
    }

    /// The states of one channel's n-th number before and after each row, from prefixes of h ↦ ā·h + b̄·x.
    private static void scan(Tensor x, int start, int length, int channel, double step, double a, double aImag, double initial,
            double initialImag, int n, double[][] re, double[][] im) {
        double decayRe = Math.exp(step * a) * Math.cos(step * aImag);
        double decayIm = Math.exp(step * a) * Math.sin(step * aImag);
        double square = a * a + aImag * aImag;
        double inputRe = ((decayRe - 1) * a + decayIm * aImag) / square;
        double inputIm = (decayIm * a - (decayRe - 1) * aImag) / square;
        List<PrefixScan.Rotation> maps = new ArrayList<>();
        for (int t = 0; t < length; t++) {
            double value = at(x, start + t, channel);
            maps.add(new PrefixScan.Rotation(new PrefixScan.Diagonal(new double[] {decayRe}, new double[] {inputRe * value}),
                    new PrefixScan.Diagonal(new double[] {decayIm}, new double[] {inputIm * value})));
        }
        List<PrefixScan.Rotation> prefixes = PrefixScan.scan(maps, PrefixScan.Rotation::then);
        re[0][n] = initial;
        im[0][n] = initialImag;
        for (int t = 1; t <= length; t++) {
            PrefixScan.Rotation map = prefixes.get(t - 1);
            re[t][n] = map.re().a()[0] * initial - map.im().a()[0] * initialImag + map.re().b()[0];
            im[t][n] = map.re().a()[0] * initialImag + map.im().a()[0] * initial + map.im().b()[0];
        }
    }
}
