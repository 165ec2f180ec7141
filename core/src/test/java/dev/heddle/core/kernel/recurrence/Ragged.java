package dev.heddle.core.kernel.recurrence;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;

/// Ragged batches and random tensors for the tests of recurrences.
final class Ragged {
    private final Arena arena;
    private final Random random;

    Ragged(Arena arena, long seed) {
        this.arena = arena;
        this.random = new Random(seed);
    }

    Random random() {
        return random;
    }

    /// Segments of these lengths that begin at random positions, their slots in reverse order.
    Segments segments(int... lengths) {
        int[] offsets = new int[lengths.length + 1];
        long[] positions = new long[lengths.length];
        int[] slots = new int[lengths.length];
        for (int s = 0; s < lengths.length; s++) {
            offsets[s + 1] = offsets[s] + lengths[s];
            positions[s] = random.nextInt(3) == 0 ? 0 : random.nextInt(1000);
            slots[s] = lengths.length - s;
        }
        return new Segments(offsets, positions, slots);
    }

    /// Rows of a state pool that [#segments] needs.
    static int slots(Segments segments) {
        return segments.count() + 1;
    }

    /// A column view, whose rows lie further apart than its columns, with values between `low` and `high`.
    Tensor view(int rows, int columns, float low, float high) {
        Tensor whole = Tensor.zeros(arena, DType.F32, rows, columns + 5);
        fill(whole, low, high);
        return whole.columnRange(2, 2 + columns);
    }

    /// The same, full of NaN.
    Tensor unwritten(int rows, int columns) {
        Tensor view = view(rows, columns, 0, 1);
        float[] values = new float[rows * columns];
        Arrays.fill(values, Float.NaN);
        view.copyFrom(values);
        return view;
    }

    /// A parameter or a state pool.
    Tensor dense(float low, float high, long... shape) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, shape);
        fill(tensor, low, high);
        return tensor;
    }

    Tensor copy(Tensor tensor) {
        return Tensor.of(arena, tensor.toFloats(), tensor.shape());
    }

    /// A column view as large as `like`, full of ones.
    Tensor ones(Tensor like) {
        Tensor view = like.rank() == 1 ? dense(1, 1.0001f, like.shape()) : view(like.rows(), like.columns(), 1, 1.0001f);
        float[] values = new float[(int) like.elements()];
        Arrays.fill(values, 1);
        view.copyFrom(values);
        return view;
    }

    private void fill(Tensor tensor, float low, float high) {
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, random.nextFloat(low, high));
        }
    }

    /// Asserts that no element differs by more than `tolerance` of the largest expected one.
    static void close(Tensor expected, Tensor actual, double tolerance, String what) {
        close(expected, actual, tolerance, 0, what);
    }

    /// The same where the largest counts at least `least`.
    static void close(Tensor expected, Tensor actual, double tolerance, float least, String what) {
        float[] e = expected.toFloats();
        float[] a = actual.toFloats();
        float largest = least;
        for (float value : e) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < e.length; i++) {
            int at = i;
            assertTrue(Math.abs(e[i] - a[i]) <= tolerance * largest, () -> what + ": element " + at + " is " + a[at]
                    + ", expected " + e[at]);
        }
    }
}
