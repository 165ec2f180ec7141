package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.Dropout;
import dev.heddle.core.tensor.Tensor;

/// [Dropout] in plain loops.
public final class PlainDropout implements Dropout {
    @Override
    public void apply(Tensor y, Tensor x, long key, float rate) {
        for (int t = 0; t < x.rows(); t++) {
            for (int d = 0; d < x.columns(); d++) {
                put(y, t, d, mask(key, t, d, rate) * at(x, t, d));
            }
        }
    }

    @Override
    public void gradient(Tensor dx, Tensor dy, long key, float rate) {
        for (int t = 0; t < dy.rows(); t++) {
            for (int d = 0; d < dy.columns(); d++) {
                put(dx, t, d, Math.fma(mask(key, t, d, rate), at(dy, t, d), at(dx, t, d)));
            }
        }
    }

    private static float mask(long key, int row, int column, float rate) {
        int u = Dropout.mix(Dropout.rowKey(key, row) + Dropout.STRIDE * column) >>> 1;
        return u < Dropout.threshold(rate) ? 0 : 1 / (1 - rate);
    }
}
