package dev.heddle.core.kernel.plain;

import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Single elements of f32 rows.
final class Elements {
    private Elements() {
    }

    static float at(Tensor x, int t, int d) {
        return Memory.f32(x.address(t) + 4L * d);
    }

    static void put(Tensor y, int t, int d, double value) {
        Memory.f32(y.address(t) + 4L * d, (float) value);
    }

    static void plus(Tensor y, int t, int d, double value) {
        long address = y.address(t) + 4L * d;
        Memory.f32(address, (float) (Memory.f32(address) + value));
    }

    /// `count` elements of a row in double precision.
    static double[] row(Tensor x, int t, int from, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = at(x, t, from + i);
        }
        return values;
    }

    /// Elements of a row from `from` on.
    static void put(Tensor y, int t, int from, double[] values) {
        for (int i = 0; i < values.length; i++) {
            put(y, t, from + i, values[i]);
        }
    }

    static void plus(Tensor y, int t, int from, double[] values) {
        for (int i = 0; i < values.length; i++) {
            plus(y, t, from + i, values[i]);
        }
    }
}
