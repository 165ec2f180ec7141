package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// One number for each key channel of a head, from a tensor that holds one for each channel or one for each head.
final class PerKey {
    private PerKey() {
    }

    /// Adds K numbers to those of head `h` in row `t`, or their sum to its one.
    static void add(Tensor x, int t, int h, int heads, int keys, long values) {
        if (x.columns() == heads && keys > 1) {
            double sum = 0;
            for (int i = 0; i < keys; i++) {
                sum += Memory.f32(values + 4L * i);
            }
            long to = x.address(t) + 4L * h;
            Memory.f32(to, (float) (Memory.f32(to) + sum));
        } else {
            Rows.add(x.address(t) + 4L * h * keys, values, keys, 1);
        }
    }

    /// Writes the K numbers of head `h` in row `t` to `to`, and zeros up to a whole vector.
    static void copy(long to, Tensor x, int t, int h, int heads, int keys) {
        boolean perHead = x.columns() == heads;
        long from = x.address(t) + 4L * (perHead ? h : h * keys);
        for (int i = 0; i < keys; i++) {
            Memory.f32(to + 4L * i, Memory.f32(perHead ? from : from + 4L * i));
        }
        for (int i = keys; i < Rows.padded(keys); i++) {
            Memory.f32(to + 4L * i, 0);
        }
    }
}
