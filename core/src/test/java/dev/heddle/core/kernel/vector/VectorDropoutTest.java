package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.kernel.Dropout;
import dev.heddle.core.kernel.plain.PlainDropout;
import dev.heddle.core.pass.DropoutMask;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The masks of dropout: the same for all kernels, of the rate asked for, and without a pattern.
class VectorDropoutTest {
    private static final int ROWS = 400;
    private static final int COLUMNS = 500;

    private final KernelComparison kernels = new KernelComparison();

    @ParameterizedTest
    @ValueSource(floats = {0.1f, 0.5f})
    void vectorKernelsDrawWhatPlainLoopsDo(float rate) {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            Tensor x = kernels.view(size.rows(), size.columns());
            Tensor before = kernels.view(size.rows(), size.columns());
            String shape = size.rows() + " × " + size.columns();
            kernels.compare("dropout of " + shape, 0, k -> {
                Tensor y = kernels.output(size.rows(), size.columns());
                k.dropout().apply(y, x, 0x123456789abcdefL, rate);
                return List.of(y);
            });
            kernels.compare("gradient of " + shape, 0, k -> {
                Tensor dx = kernels.copy(before);
                k.dropout().gradient(dx, x, 0x123456789abcdefL, rate);
                return List.of(dx);
            });
        }
    }

    /// d Σ w⊙y / dx by difference quotients; y is linear in x, so they are exact but for rounding.
    @Test
    void gradientIsTheDifferenceQuotient() {
        Dropout dropout = new PlainDropout();
        Tensor x = kernels.values(7, 13);
        Tensor weights = kernels.values(7, 13);
        Tensor dx = kernels.values(x.dtype(), 0, 7, 13);
        dropout.gradient(dx, weights, 5, 0.3f);
        for (int i = 0; i < x.elements(); i++) {
            float value = x.get(i);
            x.set(i, value + 0.5f);
            double above = loss(dropout, x, weights);
            x.set(i, value - 0.5f);
            double below = loss(dropout, x, weights);
            x.set(i, value);
            assertEquals(above - below, dx.get(i), 1e-5);
        }
    }

    private double loss(Dropout dropout, Tensor x, Tensor weights) {
        Tensor y = kernels.values(x.dtype(), 0, x.shape());
        dropout.apply(y, x, 5, 0.3f);
        double sum = 0;
        for (int i = 0; i < y.elements(); i++) {
            sum += (double) weights.get(i) * y.get(i);
        }
        return sum;
    }

    private boolean[] dropped(long key, float rate) {
        Tensor x = kernels.values(ROWS, COLUMNS);
        Tensor ones = kernels.contiguousCopy(x);
        float[] values = new float[ROWS * COLUMNS];
        Arrays.fill(values, 1);
        ones.copyFrom(values);
        new PlainDropout().apply(x, ones, key, rate);
        boolean[] dropped = new boolean[values.length];
        for (int i = 0; i < dropped.length; i++) {
            float y = x.get(i);
            assertTrue(y == 0 || y == 1 / (1 - rate));
            dropped[i] = y == 0;
        }
        return dropped;
    }

    /// Shares within four standard deviations of what independent draws have: of all elements, and of pairs of neighbours
    /// in a row, in a column, at one place under two keys.
    @ParameterizedTest
    @ValueSource(floats = {0.05f, 0.1f, 0.5f, 0.9f})
    void masksHaveTheRateAndNoPattern(float rate) {
        DropoutMask training = new DropoutMask(rate, 1);
        boolean[] first = dropped(training.at(0, 0).key(DropoutMask.site("blocks.0")), rate);
        near("dropped", rate, first, first, 0);
        near("in a row", (double) rate * rate, first, first, 1);
        near("in a column", (double) rate * rate, first, first, COLUMNS);
        DropoutMask[] others = {training.at(1, 0), training.at(0, 1), new DropoutMask(rate, 2).at(0, 0)};
        for (DropoutMask other : others) {
            near("with " + other, (double) rate * rate, first, dropped(other.key(DropoutMask.site("blocks.0")), rate), 0);
        }
        near("at another place", (double) rate * rate, first, dropped(training.at(0, 0).key(DropoutMask.site("blocks.1")), rate), 0);
        assertArrayEquals(first, dropped(new DropoutMask(rate, 1).at(0, 0).key(DropoutMask.site("blocks.0")), rate));
    }

    private static void near(String what, double expected, boolean[] a, boolean[] b, int offset) {
        int count = 0;
        int both = 0;
        for (int i = 0; i + offset < a.length; i++) {
            count++;
            both += a[i] && b[i + offset] ? 1 : 0;
        }
        double deviation = Math.sqrt(expected * (1 - expected) / count);
        assertEquals(expected, (double) both / count, 4 * deviation, what);
    }
}
