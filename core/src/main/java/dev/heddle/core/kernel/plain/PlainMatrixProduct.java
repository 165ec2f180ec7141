package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.MatrixShapes;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// The obvious loops: the reference for fast kernels, and what runs where the vector module is missing.
/// Sums run in order of the inner index, in f32.
public final class PlainMatrixProduct implements MatrixProduct {
    @Override
    public void product(Tensor y, Tensor x, Tensor w) {
        MatrixShapes.product(y, x, w);
        float[] row = new float[w.columns()];
        for (int o = 0; o < w.rows(); o++) {
            Blocks.row(w, o, row);
            for (int t = 0; t < x.rows(); t++) {
                float sum = 0;
                for (int i = 0; i < row.length; i++) {
                    sum += Memory.f32(x.address(t) + 4L * i) * row[i];
                }
                Memory.f32(y.address(t) + 4L * o, sum);
            }
        }
    }

    @Override
    public void products(Tensor[] y, Tensor x, Tensor[] w) {
        MatrixShapes.products(y, x, w);
        for (int k = 0; k < w.length; k++) {
            product(y[k], x, w[k]);
        }
    }

    @Override
    public Tensor prepared(Tensor w) {
        return w;
    }

    @Override
    public void inputGradient(Tensor dx, Tensor dy, Tensor w) {
        MatrixShapes.product(dy, dx, w);
        float[] row = new float[w.columns()];
        for (int o = 0; o < w.rows(); o++) {
            Blocks.row(w, o, row);
            for (int t = 0; t < dy.rows(); t++) {
                float gradient = Memory.f32(dy.address(t) + 4L * o);
                for (int i = 0; i < w.columns(); i++) {
                    long at = dx.address(t) + 4L * i;
                    Memory.f32(at, Memory.f32(at) + gradient * row[i]);
                }
            }
        }
    }

    @Override
    public void weightGradient(Tensor dw, Tensor dy, Tensor x) {
        MatrixShapes.weightGradient(dw, dy, x);
        for (int t = 0; t < dy.rows(); t++) {
            for (int o = 0; o < dw.rows(); o++) {
                float gradient = Memory.f32(dy.address(t) + 4L * o);
                for (int i = 0; i < dw.columns(); i++) {
                    long at = dw.address(o) + 4L * i;
                    Memory.f32(at, Memory.f32(at) + gradient * Memory.f32(x.address(t) + 4L * i));
                }
            }
        }
    }
}
