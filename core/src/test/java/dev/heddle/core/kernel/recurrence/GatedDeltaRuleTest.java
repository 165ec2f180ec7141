package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.GatedDeltaRule.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainGatedDeltaRule;
import dev.heddle.core.kernel.vector.VectorGatedDeltaRule;
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

/// The forms of the gated delta rule.
class GatedDeltaRuleTest {
    /// Decays in f32, multiplied up to 500 times, and sums of K + 32 terms; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 8e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final GatedDeltaRule PLAIN = new PlainGatedDeltaRule();
    private static final GatedDeltaRule VECTOR = new VectorGatedDeltaRule(TWO);
    private static final GatedDeltaRule SINGLE = new VectorGatedDeltaRule(ONE);

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {31, 0, 32, 33}, {63}, {1, 1, 1}, {130, 1, 65}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    /// Usual sizes, and sizes that fit no vector.
    private static final List<Shape> SHAPES = List.of(new Shape(1, 2, 64, 64), new Shape(1, 1, 1, 1), new Shape(3, 3, 7, 80),
            new Shape(2, 6, 9, 20, true), new Shape(2, 4, 16, 5));

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
        checkGradients(new Shape(1, 2, 96, 200), 70, 3);
    }

    private static void checkGradients(Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 19 + lengths[0]), shape, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    private static final class Case extends Recurrence<GatedDeltaRule> {
        private final Shape shape;
        private final GatedDeltaRule.Inputs in;
        private final Tensor state;

        Case(Ragged ragged, Shape shape, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            this.shape = shape;
            int keys = shape.keyHeads() * shape.keyDim();
            Tensor k = ragged.view(rows, keys, -1, 1);
            normalise(k, shape.keyDim());
            boolean perHead = ragged.random().nextBoolean();
            in = new GatedDeltaRule.Inputs(ragged.view(rows, keys, -1, 1), k, ragged.view(rows, shape.heads() * shape.valueDim(), -1, 1),
                    ragged.view(rows, shape.heads() * (perHead ? 1 : shape.keyDim()), -9, -0.001f), ragged.view(rows, shape.heads(), 0, 1));
            state = ragged.dense(-1, 1, Ragged.slots(segments), shape.stateElements());
        }

        /// Rows of a tensor scaled to length 1 in each head.
        private static void normalise(Tensor x, int width) {
            for (int first = 0; first < x.elements(); first += width) {
                double square = 0;
                for (int i = first; i < first + width; i++) {
                    square += x.get(i) * (double) x.get(i);
                }
                for (int i = first; i < first + width; i++) {
                    x.set(i, (float) (x.get(i) / Math.sqrt(square)));
                }
            }
        }

        @Override
        Tensor[] initial() {
            return new Tensor[] {state};
        }

        @Override
        int width() {
            return in.v().columns();
        }

        @Override
        void forward(GatedDeltaRule kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(shape, y, new GatedDeltaRule.Inputs(in.q().rowRange(from, to), in.k().rowRange(from, to),
                    in.v().rowRange(from, to), in.logDecay().rowRange(from, to), in.rate().rowRange(from, to)), states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(GatedDeltaRule kernel, Tensor dy) {
            Tensor[] all = Stream.of(in.q(), in.k(), in.v(), in.logDecay(), in.rate()).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(shape, new GatedDeltaRule.Inputs(all[0], all[1], all[2], all[3], all[4]), dy, in, state, segments);
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
                for (int t = 0; t < rows; t++) {
                    // the weight of position s is z·k[s], where z is the query carried back through all later transitions
                    double[] z = query(start + t, h);
                    for (int s = t; s >= 0; s--) {
                        double score = written(start + s, h, z);
                        for (int j = h * vd; j < (h + 1) * vd; j++) {
                            y[t][j] += score * at(in.v(), start + s, j);
                        }
                        z = carriedBack(start + s, h, z);
                    }
                    for (int i = 0; i < kd; i++) {
                        for (int j = 0; j < vd; j++) {
                            y[t][h * vd + j] += z[i] * at(state, segments.slots()[segment], (h * kd + i) * vd + j);
                        }
                    }
                }
            }
            return y;
        }

        private double key(int t, int h, int i) {
            return at(in.k(), t, shape.keyHead(h) * shape.keyDim() + i);
        }

        private double[] query(int t, int h) {
            double[] z = new double[shape.keyDim()];
            Arrays.setAll(z, i -> at(in.q(), t, shape.keyHead(h) * z.length + i));
            return z;
        }

        /// β·k·z, the weight of the value that row t writes.
        private double written(int t, int h, double[] z) {
            double sum = 0;
            for (int i = 0; i < z.length; i++) {
                sum += z[i] * key(t, h, i);
            }
            return sum * at(in.rate(), t, h);
        }

        /// diag(e^g) (1 − β k kᵀ) z, the transition of row t transposed.
        private double[] carriedBack(int t, int h, double[] z) {
            double written = written(t, h, z);
            boolean perHead = in.logDecay().columns() == shape.heads();
            double[] back = new double[z.length];
            Arrays.setAll(back, i -> Math.exp(at(in.logDecay(), t, perHead ? h : h * z.length + i))
                    * (z[i] - key(t, h, i) * written));
            return back;
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
                List<PrefixScan.Affine> maps = new ArrayList<>();
                for (int t = start; t < start + rows; t++) {
                    int row = t;
                    double rate = at(in.rate(), t, h);
                    boolean perHead = in.logDecay().columns() == shape.heads();
                    // (1 − β k kᵀ) diag(e^g)
                    maps.add(new PrefixScan.Affine(kd, IntStream.range(0, kd * kd).mapToDouble(e -> Math.exp(at(in.logDecay(), row,
                            perHead ? head : head * kd + e % kd)) * ((e / kd == e % kd ? 1 : 0) - rate * key(row, head, e / kd) * key(row, head, e % kd)))
                            .toArray(), IntStream.range(0, kd * vd).mapToDouble(e -> rate * key(row, head, e / vd) * at(in.v(), row, head * vd + e % vd)).toArray()));
                }
                double[][] s = PrefixScan.affine(part(state, segments.slots()[segment], h * kd * vd, kd * vd), maps);
                for (int t = 0; t < rows; t++) {
                    int row = start + t;
                    read(y[t], h * vd, s[t + 1], kd, 1, i -> at(in.q(), row, shape.keyHead(head) * kd + i));
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
