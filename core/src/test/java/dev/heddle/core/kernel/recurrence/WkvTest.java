package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.Wkv;
import dev.heddle.core.kernel.plain.PlainWkv;
import dev.heddle.core.kernel.vector.VectorWkv;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The forms of the weighted mean of RWKV-4.
class WkvTest {
    /// The exponent, up to 30 here, is rounded to f32 in every step (1e-6, as in the original), and a decay of e^−0.001 lets
    /// this add up over hundreds of steps; relative to the largest value.
    private static final double TOLERANCE = 3e-5;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 6e-5;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final Wkv PLAIN = new PlainWkv();
    private static final Wkv VECTOR = new VectorWkv(TWO);
    private static final Wkv SINGLE = new VectorWkv(ONE);

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

    private static final class Case extends Recurrence<Wkv> {
        private final Tensor k;
        private final Tensor v;
        private final Tensor logDecay;
        private final Tensor bonus;
        private final Tensor sums;
        private final Tensor exponent;

        Case(Ragged ragged, int inner, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            k = ragged.view(rows, inner, -30, 30);
            v = ragged.view(rows, inner, -1, 1);
            logDecay = ragged.dense(-6, -0.001f, inner);
            bonus = ragged.dense(-3, 3, inner);
            sums = ragged.dense(0.1f, 1, Ragged.slots(segments), 2L * inner);
            exponent = ragged.dense(-20, 20, Ragged.slots(segments), inner);
            if (ragged.random().nextBoolean()) {
                fill(sums, 0);
                fill(exponent, -1e38f);
            }
        }

        private static void fill(Tensor tensor, float value) {
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.set(i, value);
            }
        }

        @Override
        Tensor[] initial() {
            return new Tensor[] {sums, exponent};
        }

        @Override
        int width() {
            return k.columns();
        }

        @Override
        void forward(Wkv kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(y, k.rowRange(from, to), v.rowRange(from, to), logDecay, bonus, states[0], states[1], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(Wkv kernel, Tensor dy) {
            Tensor[] all = Stream.of(k, v, logDecay, bonus).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(new Wkv.Gradients(all[0], all[1], all[2], all[3]), dy, k, v, logDecay, bonus, sums, exponent, segments);
            return all;
        }

        @Override
        double[][] quadratic(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            int slot = segments.slots()[segment];
            for (int i = 0; i < width(); i++) {
                double w = logDecay.get(i);
                for (int t = 0; t < rows; t++) {
                    // logarithms of the weights: what lay in the state, earlier positions, this one
                    double[] logs = new double[t + 2];
                    logs[t + 1] = at(exponent, slot, i) + t * w;
                    for (int s = 0; s < t; s++) {
                        logs[s] = (t - 1 - s) * w + at(k, start + s, i);
                    }
                    logs[t] = bonus.get(i) + at(k, start + t, i);
                    double largest = Arrays.stream(logs).max().orElseThrow();
                    double before = Math.exp(logs[t + 1] - largest);
                    double numerator = before * at(sums, slot, i);
                    double denominator = before * at(sums, slot, width() + i);
                    for (int s = 0; s <= t; s++) {
                        double weight = Math.exp(logs[s] - largest);
                        numerator += weight * at(v, start + s, i);
                        denominator += weight;
                    }
                    y[t][i] = numerator / denominator;
                }
            }
            return y;
        }

        @Override
        double[][] scanned(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            int slot = segments.slots()[segment];
            for (int i = 0; i < width(); i++) {
                // the state is the sums of a row before the first
                List<PrefixScan.LogSums> maps = new ArrayList<>(List.of(new PrefixScan.LogSums(0, at(exponent, slot, i), at(sums, slot, i),
                        at(sums, slot, width() + i))));
                for (int t = start; t < start + rows; t++) {
                    maps.add(new PrefixScan.LogSums(logDecay.get(i), at(k, t, i), at(v, t, i), 1));
                }
                List<PrefixScan.LogSums> before = PrefixScan.scan(maps, PrefixScan.LogSums::then);
                for (int t = 0; t < rows; t++) {
                    PrefixScan.LogSums seen = before.get(t).then(new PrefixScan.LogSums(0, bonus.get(i) + at(k, start + t, i), at(v, start + t, i), 1));
                    y[t][i] = seen.a() / seen.b();
                }
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
