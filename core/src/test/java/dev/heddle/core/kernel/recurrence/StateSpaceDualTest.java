package dev.heddle.core.kernel.recurrence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.kernel.plain.PlainStateSpaceDual;
import dev.heddle.core.kernel.vector.VectorStateSpaceDual;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The fast state-space dual recurrence against the plain loops, and against itself where bits must not differ.
class StateSpaceDualTest {
    /// Sums of up to N + 32 terms in f32 beside sums in f64, then rounded, over up to 1000 steps of decay.
    private static final double TOLERANCE = 4e-6;

    private static final Workers ONE = new Workers(1);
    private static final Workers TWO = new Workers(2);
    private static final StateSpaceDual PLAIN = new PlainStateSpaceDual();
    private static final StateSpaceDual VECTOR = new VectorStateSpaceDual(TWO);
    private static final StateSpaceDual SINGLE = new VectorStateSpaceDual(ONE);

    private static final float INF = Float.POSITIVE_INFINITY;

    /// Usual sizes, and sizes that fit no vector, block or chunk.
    private static final List<Shape> SHAPES = List.of(new Shape(4, 64, 1, 128, 128, 0, INF), new Shape(6, 16, 2, 16, 16, 0, INF),
            new Shape(3, 5, 3, 7, 10, 0.001f, 0.5f), new Shape(2, 80, 1, 33, 70, 0, INF), new Shape(1, 1, 1, 1, 1, 0, INF),
            new Shape(2, 31, 2, 20, 256, 0.01f, 2));

    private static final int[][] LENGTHS = {{0}, {1}, {2}, {3, 1, 5}, {15, 0, 16, 17}, {63}, {1, 1, 1}, {130, 1, 33}, {1000}};

    @AfterAll
    static void close() {
        ONE.close();
        TWO.close();
    }

    /// A call's arguments; time steps such that decays range from almost 0 to almost 1.
    private record Case(Shape shape, Segments segments, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b,
            Tensor c, Optional<Tensor> d, Tensor state) {
        static Case of(Ragged ragged, Shape shape, int... lengths) {
            Segments segments = ragged.segments(lengths);
            int rows = segments.rows();
            int h = shape.heads();
            int p = shape.headDim();
            int gn = shape.groups() * shape.state();
            Optional<Tensor> d = switch (ragged.random().nextInt(3)) {
                case 0 -> Optional.empty();
                case 1 -> Optional.of(ragged.dense(-1, 1, h));
                default -> Optional.of(ragged.dense(-1, 1, (long) h * p));
            };
            Optional<Tensor> dtBias = ragged.random().nextBoolean() ? Optional.of(ragged.dense(-4, 1, h)) : Optional.empty();
            return new Case(shape, segments, ragged.view(rows, h * p, -1, 1), ragged.view(rows, h, -6, 2), dtBias,
                    ragged.dense(-16, -0.01f, h), ragged.view(rows, gn, -1, 1), ragged.view(rows, gn, -1, 1), d,
                    ragged.dense(-1, 1, Ragged.slots(segments), (long) h * p * shape.state()));
        }

        Tensor forward(Ragged ragged, StateSpaceDual kernel, Tensor state) {
            Tensor y = ragged.unwritten(segments.rows(), x.columns());
            kernel.forward(shape, y, x, dt, dtBias, a, b, c, d, state, segments);
            return y;
        }
    }

    @Test
    void forwardMatchesThePlainLoops() {
        for (Shape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                try (Arena arena = Arena.ofConfined()) {
                    Ragged ragged = new Ragged(arena, 11);
                    Case test = Case.of(ragged, shape, lengths);
                    Tensor expectedState = ragged.copy(test.state);
                    Tensor actualState = ragged.copy(test.state);
                    Tensor singleState = ragged.copy(test.state);
                    Tensor expected = test.forward(ragged, PLAIN, expectedState);
                    Tensor actual = test.forward(ragged, VECTOR, actualState);
                    String what = shape + " " + List.of(test.segments);
                    Ragged.close(expected, actual, TOLERANCE, "y of " + what);
                    Ragged.close(expectedState, actualState, TOLERANCE, "state of " + what);
                    assertArrayEquals(actual.toFloats(), test.forward(ragged, SINGLE, singleState).toFloats(), "one thread, y");
                    assertArrayEquals(actualState.toFloats(), singleState.toFloats(), "one thread, state");
                }
            }
        }
    }
}
