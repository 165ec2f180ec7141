package dev.heddle.core.kernel.plain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.LinearAttention.Gradients;
import dev.heddle.core.kernel.LinearAttention.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The recurrence against the quadratic form it is dual to, a matrix of weights q[t]·k[s] for s ≤ t, in double precision;
/// gradients against differences of that.
class PlainLinearAttentionTest {
    private static final PlainLinearAttention KERNEL = new PlainLinearAttention();

    /// Σ weights ⊙ y.
    private static double quadratic(Shape shape, int length, double[] q, double[] k, double[] v, double[] weights, double[] y) {
        int kd = shape.keyDim();
        int vd = shape.valueDim();
        double loss = 0;
        for (int h = 0; h < shape.heads(); h++) {
            for (int t = 0; t < length; t++) {
                double[] out = new double[vd];
                double total = shape.normalised() ? shape.epsilon() : 1;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int i = 0; i < kd; i++) {
                        score += q[(t * shape.heads() + h) * kd + i] * k[(s * shape.heads() + h) * kd + i];
                    }
                    total += shape.normalised() ? score : 0;
                    for (int j = 0; j < vd; j++) {
                        out[j] += score * v[(s * shape.heads() + h) * vd + j];
                    }
                }
                for (int j = 0; j < vd; j++) {
                    int at = (t * shape.heads() + h) * vd + j;
                    y[at] = out[j] / total;
                    loss += weights[at] * y[at];
                }
            }
        }
        return loss;
    }

    /// Queries and keys are positive, as after elu(x)+1.
    private static double[] values(SplittableRandom random, int count, double from) {
        return random.doubles(count, from, 1).map(x -> (float) x).toArray();
    }

    private static Tensor tensor(Arena arena, double[] values, int rows) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, rows, values.length / rows);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, (float) values[i]);
        }
        return tensor;
    }

    private static Segments segment(int length) {
        return new Segments(new int[] {0, length}, new long[] {0}, new int[] {0});
    }

    @ParameterizedTest(name = "{0} heads of {1} and {2}, normalised {3}, {4} positions")
    @CsvSource({"2, 3, 5, true, 41", "1, 4, 1, false, 70", "3, 2, 2, true, 1", "2, 1, 4, true, 130"})
    void recurrenceIsTheQuadraticFormHoweverItIsCut(int heads, int keyDim, int valueDim, boolean normalised, int length) {
        Shape shape = new Shape(heads, keyDim, valueDim, normalised, 1e-6f);
        SplittableRandom random = new SplittableRandom(length);
        double[] q = values(random, length * heads * keyDim, 0.01);
        double[] k = values(random, length * heads * keyDim, 0.01);
        double[] v = values(random, length * heads * valueDim, -1);
        double[] expected = new double[length * heads * valueDim];
        quadratic(shape, length, q, k, v, expected.clone(), expected);
        double scale = normalised ? 1 : length;
        try (Arena arena = Arena.ofConfined()) {
            float[] whole = null;
            for (int piece : new int[] {length, 1, 7}) {
                Tensor y = Tensor.zeros(arena, DType.F32, length, (long) heads * valueDim);
                Tensor state = Tensor.zeros(arena, DType.F32, 1, shape.stateElements());
                for (int from = 0; from < length; from += piece) {
                    int to = Math.min(length, from + piece);
                    KERNEL.forward(shape, y.rowRange(from, to), tensor(arena, q, length).rowRange(from, to),
                            tensor(arena, k, length).rowRange(from, to), tensor(arena, v, length).rowRange(from, to), state,
                            segment(to - from));
                }
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], y.get(i), 2e-6 * scale, "pieces of " + piece + ", element " + i);
                }
                whole = whole == null ? y.toFloats() : whole;
                assertArrayEquals(whole, y.toFloats(), "bits in pieces of " + piece);
            }
        }
    }

    @ParameterizedTest(name = "{0} heads of {1} and {2}, normalised {3}, {4} positions")
    @CsvSource({"2, 3, 5, true, 11", "1, 4, 2, false, 11", "2, 2, 3, true, 70"})
    void gradientsAreThoseOfTheQuadraticForm(int heads, int keyDim, int valueDim, boolean normalised, int length) {
        Shape shape = new Shape(heads, keyDim, valueDim, normalised, 1e-6f);
        SplittableRandom random = new SplittableRandom(length);
        List<double[]> inputs = List.of(values(random, length * heads * keyDim, 0.01), values(random, length * heads * keyDim, 0.01),
                values(random, length * heads * valueDim, -1));
        double[] weights = values(random, length * heads * valueDim, -1);
        double[] y = new double[weights.length];
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> gradients = inputs.stream().map(values -> Tensor.zeros(arena, DType.F32, length, values.length / length))
                    .toList();
            KERNEL.backward(shape, new Gradients(gradients.get(0), gradients.get(1), gradients.get(2)),
                    tensor(arena, weights, length), tensor(arena, inputs.get(0), length), tensor(arena, inputs.get(1), length),
                    tensor(arena, inputs.get(2), length), Tensor.zeros(arena, DType.F32, 1, shape.stateElements()), segment(length));
            for (int n = 0; n < 3; n++) {
                double[] values = inputs.get(n);
                for (int i = 0; i < values.length; i++) {
                    double before = values[i];
                    values[i] = before + 1e-5;
                    double above = quadratic(shape, length, inputs.get(0), inputs.get(1), inputs.get(2), weights, y);
                    values[i] = before - 1e-5;
                    double below = quadratic(shape, length, inputs.get(0), inputs.get(1), inputs.get(2), weights, y);
                    values[i] = before;
                    double expected = (above - below) / 2e-5;
                    assertEquals(expected, gradients.get(n).get(i), 2e-5 * Math.max(1, Math.abs(expected)), "input " + n + ", element " + i);
                }
            }
        }
    }
}
