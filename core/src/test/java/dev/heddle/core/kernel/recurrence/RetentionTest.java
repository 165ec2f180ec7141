package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.Retention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainRetention;
import dev.heddle.core.kernel.vector.VectorRetention;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The forms of multi-scale retention.
class RetentionTest {
    /// Sums of K + 32 terms in f32 and up to 500 roundings of the state; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 8e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final Retention PLAIN = new PlainRetention();
    private static final Retention VECTOR = new VectorRetention(TWO);
    private static final Retention SINGLE = new VectorRetention(ONE);

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {31, 0, 32, 33}, {63}, {1, 1, 1}, {130, 1, 65}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    /// Usual sizes, and sizes that fit no vector.
    private static final List<Retention.Shape> SHAPES = List.of(shape(2, 64, 64, true), shape(1, 1, 1, false), shape(3, 7, 80, true), shape(2, 16, 5, false));

    /// Decays from almost 0 to almost 1.
    private static Retention.Shape shape(int heads, int keyDim, int valueDim, boolean normalised) {
        double[] logDecay = new double[heads];
        Arrays.setAll(logDecay, h -> -5 * Math.pow(1e-4, (h + 1.0) / heads));
        return new Retention.Shape(heads, keyDim, valueDim, logDecay, normalised);
    }

    @Test
    void formsAgree() {
        for (Retention.Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                check(shape, lengths);
            }
        }
        check(SHAPES.getLast(), 500);
    }

    private static void check(Retention.Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            new Case(new Ragged(arena, 7 + lengths[0]), shape, lengths).check(PLAIN, VECTOR, SINGLE, TOLERANCE);
        }
    }

    @Test
    void gradientsMatchThePlainLoops() {
        for (Retention.Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                checkGradients(shape, lengths);
            }
        }
        checkGradients(shape(1, 96, 200, true), 70, 3);
    }

    private static void checkGradients(Retention.Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 19 + lengths[0]), shape, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    private static final class Case extends Recurrence<Retention> {
        private final Retention.Shape shape;
        private final Tensor q;
        private final Tensor k;
        private final Tensor v;
        private final Tensor state;

        Case(Ragged ragged, Retention.Shape shape, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            this.shape = shape;
            int keys = shape.heads() * shape.keyDim();
            int values = shape.heads() * shape.valueDim();
            q = ragged.view(rows, keys, -1, 1);
            k = ragged.view(rows, keys, -1, 1);
            v = ragged.view(rows, values, -1, 1);
            state = ragged.dense(-1, 1, Ragged.slots(segments), shape.stateElements());
        }

        @Override
        Tensor[] initial() {
            return new Tensor[] {state};
        }

        @Override
        int width() {
            return v.columns();
        }

        @Override
        void forward(Retention kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(shape, y, q.rowRange(from, to), k.rowRange(from, to), v.rowRange(from, to), states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(Retention kernel, Tensor dy) {
            Tensor[] all = Stream.of(q, k, v).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(shape, new Retention.Gradients(all[0], all[1], all[2]), dy, q, k, v, state, segments);
            return all;
        }

        @Override
        double[][] quadratic(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            int kd = shape.keyDim();
            int vd = shape.valueDim();
            for (int h = 0; h < shape.heads(); h++) {
                double log = shape.logDecay()[h];
                for (int t = 0; t < rows; t++) {
                    double sum = 0;
                    for (long s = segments.positions()[segment] + t; s >= 0; s--) {
                        sum += Math.exp(log * s);
                    }
                    double scale = shape.normalised() ? 1 / Math.sqrt(sum) : 1;
                    for (int s = 0; s <= t; s++) {
                        double score = 0;
                        for (int i = h * kd; i < (h + 1) * kd; i++) {
                            score += at(q, start + t, i) * at(k, start + s, i);
                        }
                        for (int j = h * vd; j < (h + 1) * vd; j++) {
                            y[t][j] += scale * Math.exp(log * (t - s)) * score * at(v, start + s, j);
                        }
                    }
                    for (int i = 0; i < kd; i++) {
                        double weight = scale * Math.exp(log * (t + 1)) * at(q, start + t, h * kd + i);
                        for (int j = 0; j < vd; j++) {
                            y[t][h * vd + j] += weight * at(state, segments.slots()[segment], (h * kd + i) * vd + j);
                        }
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
            int kd = shape.keyDim();
            int vd = shape.valueDim();
            for (int h = 0; h < shape.heads(); h++) {
                int head = h;
                List<PrefixScan.Diagonal> maps = new ArrayList<>();
                for (int t = start; t < start + rows; t++) {
                    int row = t;
                    maps.add(new PrefixScan.Diagonal(IntStream.range(0, kd * vd).mapToDouble(e -> Math.exp(shape.logDecay()[head])).toArray(),
                            IntStream.range(0, kd * vd).mapToDouble(e -> at(k, row, head * kd + e / vd) * at(v, row, head * vd + e % vd)).toArray()));
                }
                double[][] s = PrefixScan.diagonal(part(state, segments.slots()[segment], h * kd * vd, kd * vd), maps);
                for (int t = 0; t < rows; t++) {
                    int row = start + t;
                    read(y[t], h * vd, s[t + 1], kd, shape.rowScale(h, segments.positions()[segment] + t), i -> at(q, row, head * kd + i));
                }
            }
            return y;
        }

        @Override
        String describe() {
            return shape.heads() + " heads of " + shape.keyDim() + " x " + shape.valueDim() + " over " + Arrays.toString(segments.offsets()) + " from "
                    + Arrays.toString(segments.positions());
        }
    }
}
