package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.RgLru;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainRgLru;
import dev.heddle.core.kernel.vector.VectorRgLru;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The forms of the real-gated linear recurrent unit.
class RgLruTest {
    /// Gates and decays in f32, multiplied up to 700 times; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 8e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final RgLru PLAIN = new PlainRgLru();
    private static final RgLru VECTOR = new VectorRgLru(TWO);
    private static final RgLru SINGLE = new VectorRgLru(ONE);

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {31, 0, 32, 33}, {63}, {1, 1, 1}, {130, 1, 65}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    /// Channels: a usual number, and such as fit no vector.
    private static final int[] SIZES = {64, 1, 15, 17, 100};

    @Test
    void formsAgree() {
        for (int size : SIZES) {
            for (int[] lengths : LENGTHS) {
                check(size, lengths);
            }
        }
        check(9, 700);
    }

    private static void check(int inner, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            new Case(new Ragged(arena, 7 + lengths[0]), inner, lengths).check(PLAIN, VECTOR, SINGLE, TOLERANCE);
        }
    }

    @Test
    void gradientsMatchThePlainLoops() {
        for (int size : SIZES) {
            for (int[] lengths : LENGTHS) {
                checkGradients(size, lengths);
            }
        }
        checkGradients(9, 700, 30);
    }

    private static void checkGradients(int size, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 19 + lengths[0]), size, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    private static final class Case extends Recurrence<RgLru> {
        private final Tensor x;
        private final Tensor recurrenceGate;
        private final Tensor inputGate;
        private final Tensor lambda;
        private final Tensor state;

        Case(Ragged ragged, int inner, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            x = ragged.view(rows, inner, -1, 1);
            recurrenceGate = ragged.view(rows, inner, -8, 4);
            inputGate = ragged.view(rows, inner, -4, 4);
            lambda = ragged.dense(-9, 3, inner);
            state = ragged.dense(-1, 1, Ragged.slots(segments), inner);
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
        void forward(RgLru kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(y, x.rowRange(from, to), recurrenceGate.rowRange(from, to), inputGate.rowRange(from, to), lambda,
                    states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(RgLru kernel, Tensor dy) {
            Tensor[] all = Stream.of(x, recurrenceGate, inputGate, lambda).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(new RgLru.Gradients(all[0], all[1], all[2], all[3]), dy, x, recurrenceGate, inputGate, lambda, state, segments);
            return all;
        }

        @Override
        double[][] quadratic(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            boolean fresh = segments.positions()[segment] == 0;
            for (int i = 0; i < width(); i++) {
                double rate = Math.log1p(Math.exp(lambda.get(i)));
                double[] until = new double[rows];
                double[] input = new double[rows];
                for (int t = 0; t < rows; t++) {
                    double log = -8 * rate / (1 + Math.exp(-at(recurrenceGate, start + t, i)));
                    until[t] = t == 0 ? log : until[t - 1] + log;
                    double root = fresh && t == 0 ? 1 : Math.sqrt(-Math.expm1(2 * log));
                    input[t] = root * at(x, start + t, i) / (1 + Math.exp(-at(inputGate, start + t, i)));
                }
                for (int t = 0; t < rows; t++) {
                    y[t][i] = fresh ? 0 : Math.exp(until[t]) * at(state, segments.slots()[segment], i);
                    for (int s = 0; s <= t; s++) {
                        y[t][i] += Math.exp(until[t] - until[s]) * input[s];
                    }
                }
            }
            return y;
        }

        @Override
        double[][] scanned(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            boolean fresh = segments.positions()[segment] == 0;
            List<PrefixScan.Diagonal> maps = new ArrayList<>();
            for (int t = start; t < start + rows; t++) {
                double[] decay = new double[width()];
                double[] input = new double[width()];
                for (int i = 0; i < width(); i++) {
                    boolean first = fresh && t == start;
                    double log = -8 * Math.log1p(Math.exp(lambda.get(i))) / (1 + Math.exp(-at(recurrenceGate, t, i)));
                    decay[i] = first ? 0 : Math.exp(log);
                    input[i] = (first ? 1 : Math.sqrt(-Math.expm1(2 * log))) * at(x, t, i) / (1 + Math.exp(-at(inputGate, t, i)));
                }
                maps.add(new PrefixScan.Diagonal(decay, input));
            }
            double[][] h = PrefixScan.diagonal(part(state, segments.slots()[segment], 0, width()), maps);
            for (int t = 0; t < rows; t++) {
                y[t] = h[t + 1];
            }
            return y;
        }

        @Override
        String describe() {
            return width() + " channels" + " over " + Arrays.toString(segments.offsets()) + " from "
                    + Arrays.toString(segments.positions());
        }
    }
}
