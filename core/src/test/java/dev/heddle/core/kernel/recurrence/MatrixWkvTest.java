package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.MatrixWkv;
import dev.heddle.core.kernel.MatrixWkv.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainMatrixWkv;
import dev.heddle.core.kernel.vector.VectorMatrixWkv;
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

/// The forms of the matrix-valued state of RWKV-5 and RWKV-6.
class MatrixWkvTest {
    /// Decays in f32, multiplied up to 500 times, and sums of K terms; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 8e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final MatrixWkv PLAIN = new PlainMatrixWkv();
    private static final MatrixWkv VECTOR = new VectorMatrixWkv(TWO);
    private static final MatrixWkv SINGLE = new VectorMatrixWkv(ONE);

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {31, 0, 32, 33}, {63}, {1, 1, 1}, {130, 1, 65}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    /// Usual sizes, and sizes that fit no vector.
    private static final List<Shape> SHAPES = List.of(new Shape(2, 64, 64), new Shape(1, 1, 1), new Shape(3, 7, 80), new Shape(2, 16, 5));

    @Test
    void formsAgree() {
        for (Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                check(shape, lengths);
            }
        }
        check(SHAPES.getLast(), 500);
    }

    private static void check(Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            new Case(new Ragged(arena, 7 + lengths[0]), shape, lengths).check(PLAIN, VECTOR, SINGLE, TOLERANCE);
        }
    }

    @Test
    void gradientsMatchThePlainLoops() {
        for (Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                checkGradients(shape, lengths);
            }
        }
        checkGradients(new Shape(1, 96, 200), 70, 3);
    }

    private static void checkGradients(Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 19 + lengths[0]), shape, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    private static final class Case extends Recurrence<MatrixWkv> {
        private final Shape shape;
        private final Tensor r;
        private final Tensor k;
        private final Tensor v;
        private final Tensor logDecay;
        private final Tensor bonus;
        private final Tensor state;

        Case(Ragged ragged, Shape shape, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            this.shape = shape;
            int keys = shape.heads() * shape.keyDim();
            int values = shape.heads() * shape.valueDim();
            r = ragged.view(rows, keys, -1, 1);
            k = ragged.view(rows, keys, -1, 1);
            v = ragged.view(rows, values, -1, 1);
            logDecay = switch (ragged.random().nextInt(3)) {
                case 0 -> ragged.view(rows, keys, -9, -0.001f);
                case 1 -> ragged.dense(-9, -0.001f, keys);
                default -> ragged.dense(-9, -0.001f, shape.heads());
            };
            bonus = ragged.dense(-1, 1, ragged.random().nextBoolean() ? keys : shape.heads());
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
        void forward(MatrixWkv kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            boolean fixed = logDecay.elements() == logDecay.columns();
            kernel.forward(shape, y, r.rowRange(from, to), k.rowRange(from, to), v.rowRange(from, to),
                    fixed ? logDecay : logDecay.rowRange(from, to), bonus, states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(MatrixWkv kernel, Tensor dy) {
            Tensor[] all = Stream.of(r, k, v, logDecay, bonus).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(shape, new MatrixWkv.Gradients(all[0], all[1], all[2], all[3], all[4]), dy, r, k, v, logDecay, bonus, state, segments);
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
                // until[t][i]: log decay of channel i from before row 0 to before row t
                double[][] until = new double[rows + 1][kd];
                for (int t = 0; t < rows; t++) {
                    for (int i = 0; i < kd; i++) {
                        until[t + 1][i] = until[t][i] + perKey(logDecay, start + t, h, i);
                    }
                }
                for (int t = 0; t < rows; t++) {
                    for (int s = 0; s <= t; s++) {
                        double score = 0;
                        for (int i = 0; i < kd; i++) {
                            double weight = s == t ? perKey(bonus, 0, h, i) : Math.exp(until[t][i] - until[s + 1][i]);
                            score += weight * at(r, start + t, h * kd + i) * at(k, start + s, h * kd + i);
                        }
                        for (int j = 0; j < vd; j++) {
                            y[t][h * vd + j] += score * at(v, start + s, h * vd + j);
                        }
                    }
                    for (int i = 0; i < kd; i++) {
                        double weight = at(r, start + t, h * kd + i) * Math.exp(until[t][i]);
                        for (int j = 0; j < vd; j++) {
                            y[t][h * vd + j] += weight * at(state, segments.slots()[segment], (h * kd + i) * vd + j);
                        }
                    }
                }
            }
            return y;
        }

        private double perKey(Tensor x, int t, int h, int i) {
            int row = x.elements() == x.columns() ? 0 : t;
            return at(x, row, x.columns() == shape.heads() ? h : h * shape.keyDim() + i);
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
                    maps.add(new PrefixScan.Diagonal(IntStream.range(0, kd * vd).mapToDouble(e -> Math.exp(perKey(logDecay, row, head, e / vd))).toArray(),
                            IntStream.range(0, kd * vd).mapToDouble(e -> at(k, row, head * kd + e / vd) * at(v, row, head * vd + e % vd)).toArray()));
                }
                double[][] s = PrefixScan.diagonal(part(state, segments.slots()[segment], h * kd * vd, kd * vd), maps);
                for (int t = 0; t < rows; t++) {
                    int row = start + t;
                    read(y[t], h * vd, s[t], kd, 1, i -> at(r, row, head * kd + i));
                    for (int e = 0; e < kd * vd; e++) {
                        int i = h * kd + e / vd;
                        y[t][h * vd + e % vd] += at(r, row, i) * perKey(bonus, 0, h, e / vd) * at(k, row, i) * at(v, row, h * vd + e % vd);
                    }
                }
            }
            return y;
        }

        @Override
        String describe() {
            return shape + " over " + Arrays.toString(segments.offsets()) + " from "
                    + Arrays.toString(segments.positions());
        }
    }
}
