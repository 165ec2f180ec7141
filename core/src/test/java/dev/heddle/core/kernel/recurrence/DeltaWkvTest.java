package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.DeltaWkv.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainDeltaWkv;
import dev.heddle.core.kernel.vector.VectorDeltaWkv;
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

/// The forms of the generalised delta rule of RWKV-7.
class DeltaWkvTest {
    /// Decays in f32, multiplied up to 500 times, and sums of K terms; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// Of gradients, which pass through the whole sequence twice.
    private static final double GRADIENT_TOLERANCE = 8e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final DeltaWkv PLAIN = new PlainDeltaWkv();
    private static final DeltaWkv VECTOR = new VectorDeltaWkv(TWO);
    private static final DeltaWkv SINGLE = new VectorDeltaWkv(ONE);

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

    private static final class Case extends Recurrence<DeltaWkv> {
        private final Shape shape;
        private final DeltaWkv.Inputs in;
        private final Tensor state;

        Case(Ragged ragged, Shape shape, int... lengths) {
            super(ragged, lengths);
            int rows = segments.rows();
            this.shape = shape;
            int keys = shape.heads() * shape.keyDim();
            int values = shape.heads() * shape.valueDim();
            Tensor removal = ragged.view(rows, keys, -1, 1);
            normalise(removal, shape.keyDim());
            in = new DeltaWkv.Inputs(ragged.view(rows, keys, -1, 1), ragged.view(rows, keys, -9, -0.001f), ragged.view(rows, keys, -1, 1),
                    ragged.view(rows, values, -1, 1), removal, ragged.view(rows, keys, 0, 1));
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
        void forward(DeltaWkv kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(shape, y, new DeltaWkv.Inputs(in.r().rowRange(from, to), in.logDecay().rowRange(from, to),
                    in.k().rowRange(from, to), in.v().rowRange(from, to), in.removal().rowRange(from, to),
                    in.rate().rowRange(from, to)), states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(DeltaWkv kernel, Tensor dy) {
            Tensor[] all = Stream.of(in.r(), in.logDecay(), in.k(), in.v(), in.removal(), in.rate()).map(ragged::ones).toArray(Tensor[]::new);
            kernel.backward(shape, new DeltaWkv.Inputs(all[0], all[1], all[2], all[3], all[4], all[5]), dy, in, state, segments);
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

        private double[] query(int t, int h) {
            double[] z = new double[shape.keyDim()];
            Arrays.setAll(z, i -> at(in.r(), t, h * z.length + i));
            return z;
        }

        private double written(int t, int h, double[] z) {
            double sum = 0;
            for (int i = 0; i < z.length; i++) {
                sum += z[i] * at(in.k(), t, h * z.length + i);
            }
            return sum;
        }

        /// (diag(e^g) − κ (a∘κ)ᵀ) z, the transition of row t transposed.
        private double[] carriedBack(int t, int h, double[] z) {
            double along = 0;
            for (int i = 0; i < z.length; i++) {
                along += z[i] * at(in.rate(), t, h * z.length + i) * at(in.removal(), t, h * z.length + i);
            }
            double sum = along;
            double[] back = new double[z.length];
            Arrays.setAll(back, i -> Math.exp(at(in.logDecay(), t, h * z.length + i)) * z[i]
                    - at(in.removal(), t, h * z.length + i) * sum);
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
                    // diag(e^g) − (a∘κ) κᵀ
                    maps.add(new PrefixScan.Affine(kd, IntStream.range(0, kd * kd).mapToDouble(e -> {
                        int i = head * kd + e / kd;
                        double kept = e / kd == e % kd ? Math.exp(at(in.logDecay(), row, i)) : 0;
                        return kept - at(in.rate(), row, i) * at(in.removal(), row, i) * at(in.removal(), row, head * kd + e % kd);
                    }).toArray(), IntStream.range(0, kd * vd).mapToDouble(e -> at(in.k(), row, head * kd + e / vd) * at(in.v(), row, head * vd + e % vd)).toArray()));
                }
                double[][] s = PrefixScan.affine(part(state, segments.slots()[segment], h * kd * vd, kd * vd), maps);
                for (int t = 0; t < rows; t++) {
                    int row = start + t;
                    read(y[t], h * vd, s[t + 1], kd, 1, i -> at(in.r(), row, head * kd + i));
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
