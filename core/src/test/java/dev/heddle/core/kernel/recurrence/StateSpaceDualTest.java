package dev.heddle.core.kernel.recurrence;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.kernel.plain.PlainStateSpaceDual;
import dev.heddle.core.kernel.vector.VectorStateSpaceDual;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The forms of the state-space dual recurrence.
class StateSpaceDualTest {
    /// Sums of up to N + 32 terms in f32 beside sums in f64, over up to 1000 steps of decay; relative to the largest value.
    private static final double TOLERANCE = 4e-6;

    /// The same, summed over channels, states and rows.
    private static final double GRADIENT_TOLERANCE = 1e-5;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final StateSpaceDual PLAIN = new PlainStateSpaceDual();
    private static final StateSpaceDual VECTOR = new VectorStateSpaceDual(TWO);
    private static final StateSpaceDual SINGLE = new VectorStateSpaceDual(ONE);

    private static final float INF = Float.POSITIVE_INFINITY;

    /// Usual sizes, and sizes that fit no vector, block or chunk.
    private static final List<Shape> SHAPES = List.of(new Shape(2, 64, 1, 128, 128, 0, INF), new Shape(6, 16, 2, 16, 16, 0, INF),
            new Shape(3, 5, 3, 7, 10, 0.001f, 0.5f), new Shape(2, 80, 1, 33, 70, 0, INF), new Shape(1, 1, 1, 1, 1, 0, INF),
            new Shape(2, 31, 2, 20, 256, 0.01f, 2));

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {15, 0, 16, 17}, {63}, {1, 1, 1}, {130, 1, 33}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    @Test
    void formsAgree() {
        for (Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                check(shape, lengths);
            }
        }
        check(new Shape(1, 16, 1, 16, 64, 0, INF), 1000);
    }

    private static void check(Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            new Case(new Ragged(arena, 11 + lengths[0]), shape, lengths).check(PLAIN, VECTOR, SINGLE, TOLERANCE);
        }
    }

    @Test
    void gradientsMatchThePlainLoops() {
        for (Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                checkGradients(shape, lengths);
            }
        }
        checkGradients(new Shape(3, 4, 1, 5, 64, 0, INF), 600, 30);
    }

    private static void checkGradients(Shape shape, int... lengths) {
        try (Arena arena = Arena.ofConfined()) {
            Case test = new Case(new Ragged(arena, 29 + lengths[0]), shape, lengths);
            Tensor dy = test.ragged.view(test.segments.rows(), test.width(), -1, 1);
            test.checkGradients(kernel -> test.gradients(kernel, dy), PLAIN, VECTOR, SINGLE, GRADIENT_TOLERANCE);
        }
    }

    /// Time steps such that decays range from almost 0 to almost 1.
    private static final class Case extends Recurrence<StateSpaceDual> {
        private final Shape shape;
        private final Tensor x;
        private final Tensor dt;
        private final Optional<Tensor> dtBias;
        private final Tensor a;
        private final Tensor b;
        private final Tensor c;
        private final Optional<Tensor> d;
        private final Tensor state;

        Case(Ragged ragged, Shape shape, int... lengths) {
            super(ragged, lengths);
            this.shape = shape;
            int rows = segments.rows();
            int heads = shape.heads();
            int inner = heads * shape.headDim();
            int gn = shape.groups() * shape.state();
            x = ragged.view(rows, inner, -1, 1);
            dt = ragged.view(rows, heads, -6, 2);
            dtBias = ragged.random().nextBoolean() ? Optional.of(ragged.dense(-4, 1, heads)) : Optional.empty();
            a = ragged.dense(-16, -0.01f, heads);
            b = ragged.view(rows, gn, -1, 1);
            c = ragged.view(rows, gn, -1, 1);
            d = switch (ragged.random().nextInt(3)) {
                case 0 -> Optional.empty();
                case 1 -> Optional.of(ragged.dense(-1, 1, heads));
                default -> Optional.of(ragged.dense(-1, 1, inner));
            };
            state = ragged.dense(-1, 1, Ragged.slots(segments), (long) inner * shape.state());
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
        void forward(StateSpaceDual kernel, Tensor y, Tensor[] states, Segments part, int from, int to) {
            kernel.forward(shape, y, x.rowRange(from, to), dt.rowRange(from, to), dtBias, a, b.rowRange(from, to),
                    c.rowRange(from, to), d, states[0], part);
        }

        /// What `kernel` adds to gradients that hold ones, with `dy`.
        Tensor[] gradients(StateSpaceDual kernel, Tensor dy) {
            Tensor[] all = Stream.of(x, dt, a, b, c).map(ragged::ones).toArray(Tensor[]::new);
            Optional<Tensor> bias = dtBias.map(ragged::ones);
            Optional<Tensor> skip = d.map(ragged::ones);
            kernel.backward(shape, new StateSpaceDual.Gradients(all[0], all[1], bias, all[2], all[3], all[4], skip), dy, x, dt,
                    dtBias, a, b, c, d, state, segments);
            return Stream.of(Arrays.stream(all), bias.stream(), skip.stream()).flatMap(s -> s).toArray(Tensor[]::new);
        }

        @Override
        double[][] quadratic(int segment) {
            int start = segments.start(segment);
            int rows = segments.length(segment);
            double[][] y = new double[rows][width()];
            int p = shape.headDim();
            int n = shape.state();
            for (int h = 0; h < shape.heads(); h++) {
                int group = h / (shape.heads() / shape.groups()) * n;
                double[] delta = new double[rows];
                double[] until = new double[rows];
                for (int t = 0; t < rows; t++) {
                    double raw = at(dt, start + t, h) + (dtBias.isEmpty() ? 0 : dtBias.get().get(h));
                    delta[t] = Math.clamp(Math.log1p(Math.exp(raw)), shape.dtMin(), (double) shape.dtMax());
                    until[t] = (t == 0 ? 0 : until[t - 1]) + delta[t] * a.get(h);
                }
                for (int t = 0; t < rows; t++) {
                    for (int s = 0; s <= t; s++) {
                        double score = 0;
                        for (int i = group; i < group + n; i++) {
                            score += at(c, start + t, i) * at(b, start + s, i);
                        }
                        score *= Math.exp(until[t] - until[s]) * delta[s];
                        for (int j = h * p; j < (h + 1) * p; j++) {
                            y[t][j] += score * at(x, start + s, j);
                        }
                    }
                    for (int j = 0; j < p; j++) {
                        double before = 0;
                        for (int i = 0; i < n; i++) {
                            before += at(c, start + t, group + i) * at(state, segments.slots()[segment], (h * n + i) * p + j);
                        }
                        double skip = d.isEmpty() ? 0 : d.get().get(d.get().elements() == shape.heads() ? h : (long) h * p + j);
                        y[t][h * p + j] += Math.exp(until[t]) * before + skip * at(x, start + t, h * p + j);
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
            int p = shape.headDim();
            int n = shape.state();
            for (int h = 0; h < shape.heads(); h++) {
                int head = h;
                int group = h / (shape.heads() / shape.groups()) * n;
                List<PrefixScan.Diagonal> maps = new ArrayList<>();
                for (int t = start; t < start + rows; t++) {
                    int row = t;
                    double raw = at(dt, t, h) + (dtBias.isEmpty() ? 0 : dtBias.get().get(h));
                    double delta = Math.clamp(Math.log1p(Math.exp(raw)), shape.dtMin(), (double) shape.dtMax());
                    double decay = Math.exp(delta * a.get(h));
                    maps.add(new PrefixScan.Diagonal(IntStream.range(0, n * p).mapToDouble(_ -> decay).toArray(), IntStream.range(0, n * p)
                            .mapToDouble(e -> delta * at(b, row, group + e / p) * at(x, row, head * p + e % p)).toArray()));
                }
                double[][] s = PrefixScan.diagonal(part(state, segments.slots()[segment], h * n * p, n * p), maps);
                for (int t = 0; t < rows; t++) {
                    int row = start + t;
                    read(y[t], h * p, s[t + 1], n, 1, i -> at(c, row, group + i));
                    for (int j = h * p; d.isPresent() && j < (h + 1) * p; j++) {
                        y[t][j] += d.get().get(d.get().elements() == shape.heads() ? h : j) * at(x, row, j);
                    }
                }
            }
            return y;
        }

        @Override
        String describe() {
            return shape + " over " + Arrays.toString(segments.offsets()) + " from " + Arrays.toString(segments.positions());
        }
    }
}
