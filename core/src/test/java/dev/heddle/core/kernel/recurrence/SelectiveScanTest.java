package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.SelectiveScan;
import dev.heddle.core.kernel.plain.PlainSelectiveScan;
import dev.heddle.core.kernel.vector.VectorSelectiveScan;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The forms of the selective scan.
class SelectiveScanTest {
    /// Decays in f32, multiplied up to 1000 times, and sums of N terms in f32; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// The same, summed over channels and rows.
    private static final double GRADIENT_TOLERANCE = 1e-5;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final SelectiveScan PLAIN = new PlainSelectiveScan();
    private static final SelectiveScan VECTOR = new VectorSelectiveScan(TWO);
    private static final SelectiveScan SINGLE = new VectorSelectiveScan(ONE);

    /// Channels and states: usual ones, and such as fit no vector.
    private static final int[][] SIZES = {{64, 16}, {1, 1}, {15, 3}, {17, 4}, {100, 7}};

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {31, 0, 32, 33}, {63}, {1, 1, 1}, {130, 1, 65}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    @Test
    void formsAgree() {
        for (int[] size : SIZES) {
            for (int[] lengths : LENGTHS) {
                check(size[0], size[1], lengths);
            }
        }
        check(9, 3, 500);
    }

    private static void check(int inner, int states, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            new Case(new Ragged(arena, 5 + lengths[0]), inner, states, lengths).check(PLAIN, VECTOR, SINGLE, TOLERANCE);
        }
    }

    @Test
    void gradientsMatchThePlainLoops() {
        for (int[] size : SIZES) {
            for (int[] lengths : LENGTHS) {
                checkGradients(size[0], size[1], lengths);
            }
        }
        checkGradients(37, 3, 300, 30);
    }

    private static void checkGradients(int inner, int states, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 19 + lengths[0]), inner, states, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    /// Time steps such that decays range from almost 0 to almost 1.
    private static final class Case extends Recurrence<SelectiveScan> {
        private final Tensor x;
        private final Tensor dt;
        private final Optional<Tensor> dtBias;
        private final Tensor a;
        private final Tensor b;
        private final Tensor c;
        private final Optional<Tensor> d;
        private final Tensor state;

        Case(Ragged ragged, int inner, int states, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            x = ragged.view(rows, inner, -1, 1);
            dt = ragged.view(rows, inner, -6, 2);
            dtBias = ragged.random().nextBoolean() ? Optional.of(ragged.dense(-4, 1, inner)) : Optional.empty();
            a = ragged.dense(-16, -0.01f, states, inner);
            b = ragged.view(rows, states, -1, 1);
            c = ragged.view(rows, states, -1, 1);
            d = ragged.random().nextBoolean() ? Optional.of(ragged.dense(-1, 1, inner)) : Optional.empty();
            state = ragged.dense(-1, 1, Ragged.slots(segments), (long) states * inner);
        }

        @Override
        Tensor[] initial() {
            return new Tensor[] {state};
        }

        @Override
        int width() {
            return x.columns();
        }

        @Override
        void forward(SelectiveScan kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(y, x.rowRange(from, to), dt.rowRange(from, to), dtBias, a, b.rowRange(from, to), c.rowRange(from, to),
                    d, states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(SelectiveScan kernel, Tensor dy) {
            Tensor[] all = Stream.of(x, dt, a, b, c).map(ragged::ones).toArray(Tensor[]::new);
            Optional<Tensor> bias = dtBias.map(ragged::ones);
            Optional<Tensor> skip = d.map(ragged::ones);
            kernel.backward(new SelectiveScan.Gradients(all[0], all[1], bias, all[2], all[3], all[4], skip), dy, x, dt, dtBias, a, b,
                    c, d, state, segments);
            return Stream.of(Arrays.stream(all), bias.stream(), skip.stream()).flatMap(s -> s).toArray(Tensor[]::new);
        }

        @Override
        double[][] quadratic(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            for (int i = 0; i < width(); i++) {
                double[] delta = new double[rows];
                double[] until = new double[rows];
                for (int t = 0; t < rows; t++) {
                    double raw = at(dt, start + t, i) + (dtBias.isEmpty() ? 0 : dtBias.get().get(i));
                    delta[t] = Math.log1p(Math.exp(raw));
                    until[t] = (t == 0 ? 0 : until[t - 1]) + delta[t];
                }
                for (int t = 0; t < rows; t++) {
                    double out = d.isEmpty() ? 0 : d.get().get(i) * at(x, start + t, i);
                    for (int n = 0; n < a.rows(); n++) {
                        double query = at(c, start + t, n);
                        for (int s = 0; s <= t; s++) {
                            out += query * Math.exp((until[t] - until[s]) * at(a, n, i)) * at(b, start + s, n) * delta[s]
                                    * at(x, start + s, i);
                        }
                        out += query * Math.exp(until[t] * at(a, n, i)) * at(state, segments.slots()[segment], n * width() + i);
                    }
                    y[t][i] = out;
                }
            }
            return y;
        }

        @Override
        double[][] scanned(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            for (int i = 0; i < width(); i++) {
                int channel = i;
                List<PrefixScan.Diagonal> maps = new ArrayList<>();
                for (int t = start; t < start + rows; t++) {
                    int row = t;
                    double delta = Math.log1p(Math.exp(at(dt, t, i) + (dtBias.isEmpty() ? 0 : dtBias.get().get(i))));
                    maps.add(new PrefixScan.Diagonal(states(n -> Math.exp(delta * at(a, n, channel))),
                            states(n -> delta * at(b, row, n) * at(x, row, channel))));
                }
                double[][] h = PrefixScan.diagonal(states(n -> at(state, segments.slots()[segment], n * width() + channel)), maps);
                for (int t = 0; t < rows; t++) {
                    y[t][i] = d.isEmpty() ? 0 : d.get().get(i) * at(x, start + t, i);
                    for (int n = 0; n < a.rows(); n++) {
                        y[t][i] += at(c, start + t, n) * h[t + 1][n];
                    }
                }
            }
            return y;
        }

        private double[] states(IntToDoubleFunction value) {
            return IntStream.range(0, a.rows()).mapToDouble(value).toArray();
        }

        @Override
        String describe() {
            return width() + " channels, " + a.rows() + " states over " + Arrays.toString(segments.offsets()) + " from "
                    + Arrays.toString(segments.positions());
        }
    }
}
