package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [MatrixProduct] in plain loops, sums in double precision.
public final class PlainMatrixProduct implements MatrixProduct {
    private static float at(Tensor x, int t, int i) {
        return Memory.load(x.dtype(), x.address(t) + x.dtype().bytes(i));
    }

    private static void plus(Tensor y, int t, int i, double value) {
        long address = y.address(t) + 4L * i;
        Memory.f32(address, (float) (Memory.f32(address) + value));
    }

    @Override
    public void product(Tensor y, Tensor x, Tensor w) {
        for (int t = 0; t < y.rows(); t++) {
            for (int o = 0; o < y.columns(); o++) {
                double sum = 0;
                for (int i = 0; i < x.columns(); i++) {
                    sum += (double) at(x, t, i) * at(w, o, i);
                }
                Memory.f32(y.address(t) + 4L * o, (float) sum);
            }
        }
    }

    @Override
    public void products(Tensor[] y, Tensor x, Tensor[] w) {
        for (int k = 0; k < y.length; k++) {
            product(y[k], x, w[k]);
        }
    }

    @Override
    public void inputGradient(Tensor dx, Tensor dy, Tensor w) {
        for (int t = 0; t < dx.rows(); t++) {
            for (int i = 0; i < dx.columns(); i++) {
                double sum = 0;
                for (int o = 0; o < dy.columns(); o++) {
                    sum += (double) at(dy, t, o) * at(w, o, i);
                }
                plus(dx, t, i, sum);
            }
        }
    }

    @Override
    public void weightGradient(Tensor dw, Tensor dy, Tensor x) {
        for (int o = 0; o < dw.rows(); o++) {
            for (int i = 0; i < dw.columns(); i++) {
                double sum = 0;
                for (int t = 0; t < x.rows(); t++) {
                    sum += (double) at(dy, t, o) * at(x, t, i);
                }
                plus(dw, o, i, sum);
            }
        }
    }
}
