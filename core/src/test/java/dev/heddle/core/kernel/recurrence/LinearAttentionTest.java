package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.LinearAttention.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainLinearAttention;
import dev.heddle.core.kernel.vector.VectorLinearAttention;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The forms of linear attention.
class LinearAttentionTest {
    /// Sums of up to 500 terms in f32; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 8e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final LinearAttention PLAIN = new PlainLinearAttention();
    private static final LinearAttention VECTOR = new VectorLinearAttention(TWO);
    private static final LinearAttention SINGLE = new VectorLinearAttention(ONE);

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {31, 0, 32, 33}, {63}, {1, 1, 1}, {130, 1, 65}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    /// Usual sizes, and sizes that fit no vector.
    private static final List<Shape> SHAPES = List.of(new Shape(2, 64, 64, true, 1e-6f), new Shape(1, 1, 1, false, 0), new Shape(3, 7, 80, true, 1e-6f), new Shape(2, 16, 5, true, 1e-6f));

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
        checkGradients(new Shape(1, 96, 200, true, 1e-6f), 70, 3);
    }

    private static void checkGradients(Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 19 + lengths[0]), shape, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    private static final class Case extends Recurrence<LinearAttention> {
        private final Shape shape;
        private final Tensor q;
        private final Tensor k;
        private final Tensor v;
        private final Tensor state;

        Case(Ragged ragged, Shape shape, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            this.shape = shape;
            int keys = shape.heads() * shape.keyDim();
            int values = shape.heads() * shape.valueDim();
            q = ragged.view(rows, keys, 0.1f, 1);
            k = ragged.view(rows, keys, 0, 1);
            v = ragged.view(rows, values, -1, 1);
            state = ragged.dense(0, 1, Ragged.slots(segments), shape.stateElements());
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
        void forward(LinearAttention kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(shape, y, q.rowRange(from, to), k.rowRange(from, to), v.rowRange(from, to), states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(LinearAttention kernel, Tensor dy) {
            Tensor[] all = Stream.of(q, k, v).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(shape, new LinearAttention.Gradients(all[0], all[1], all[2]), dy, q, k, v, state, segments);
            return all;
        }

        @Override
        double[][] quadratic(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            int kd = shape.keyDim();
            int vd = shape.valueDim();
            int slot = segments.slots()[segment];
            for (int h = 0; h < shape.heads(); h++) {
                for (int t = 0; t < rows; t++) {
                    double divisor = shape.epsilon();
                    for (int s = 0; s <= t; s++) {
                        double score = 0;
                        for (int i = h * kd; i < (h + 1) * kd; i++) {
                            score += at(q, start + t, i) * at(k, start + s, i);
                        }
                        divisor += score;
                        for (int j = h * vd; j < (h + 1) * vd; j++) {
                            y[t][j] += score * at(v, start + s, j);
                        }
                    }
                    for (int i = 0; i < kd; i++) {
                        double query = at(q, start + t, h * kd + i);
                        divisor += query * at(state, slot, shape.heads() * kd * vd + h * kd + i);
                        for (int j = 0; j < vd; j++) {
                            y[t][h * vd + j] += query * at(state, slot, (h * kd + i) * vd + j);
                        }
                    }
                    for (int j = h * vd; shape.normalised() && j < (h + 1) * vd; j++) {
                        y[t][j] /= divisor;
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
            int slot = segments.slots()[segment];
            for (int h = 0; h < shape.heads(); h++) {
                int head = h;
                List<PrefixScan.Diagonal> maps = new ArrayList<>();
                for (int t = start; t < start + rows; t++) {
                    int row = t;
                    // the sums of keys are a last column, of values one
                    maps.add(new PrefixScan.Diagonal(columns(_ -> 1), columns(e -> at(k, row, head * kd + e / (vd + 1))
                            * (e % (vd + 1) == vd ? 1 : at(v, row, head * vd + e % (vd + 1))))));
                }
                double[][] s = PrefixScan.diagonal(columns(e -> at(state, slot, e % (vd + 1) == vd
                        ? shape.heads() * kd * vd + head * kd + e / (vd + 1) : (head * kd + e / (vd + 1)) * vd + e % (vd + 1))), maps);
                for (int t = 0; t < rows; t++) {
                    int row = start + t;
                    double[] sums = new double[vd + 1];
                    read(sums, 0, s[t + 1], kd, 1, i -> at(q, row, head * kd + i));
                    for (int j = 0; j < vd; j++) {
                        y[t][h * vd + j] = sums[j] / (shape.normalised() ? shape.epsilon() + sums[vd] : 1);
                    }
                }
            }
            return y;
        }

        private double[] columns(IntToDoubleFunction value) {
            return IntStream.range(0, shape.keyDim() * (shape.valueDim() + 1)).mapToDouble(value).toArray();
        }

        @Override
        String describe() {
            return shape + " over " + Arrays.toString(segments.offsets()) + " from "
                    + Arrays.toString(segments.positions());
        }
    }
}
