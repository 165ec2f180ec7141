package dev.heddle.core.kernel;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;

/// What every [MatrixProduct] checks before it touches memory. Throws [IllegalArgumentException] that names
/// the tensor, what it is, and what it should be.
public final class MatrixShapes {
    private MatrixShapes() {
    }

    /// y f32 [T, O], x f32 [T, I], w [O, I].
    public static void product(Tensor y, Tensor x, Tensor w) {
        activations("y", y);
        activations("x", x);
        if (w.dtype() != DType.F32 && w.dtype() != DType.BF16 && w.dtype() != DType.F16 && !w.dtype().isQuantized()) {
            throw new IllegalArgumentException("weights of a matrix product must be F32, BF16, F16 or quantized, not " + w);
        }
        if (w.columns() != x.columns() || w.rows() != y.columns() || x.rows() != y.rows()) {
            throw new IllegalArgumentException("matrix product y[T,O] = x[T,I] · w[O,I]ᵀ with y " + y + ", x " + x + ", w " + w);
        }
    }

    /// As [#product], for each pair.
    public static void products(Tensor[] y, Tensor x, Tensor[] w) {
        if (y.length != w.length) {
            throw new IllegalArgumentException(y.length + " outputs for " + w.length + " weights");
        }
        for (int k = 0; k < w.length; k++) {
            product(y[k], x, w[k]);
        }
    }

    /// dw f32 [O, I], dy f32 [T, O], x f32 [T, I].
    public static void weightGradient(Tensor dw, Tensor dy, Tensor x) {
        activations("dw", dw);
        activations("dy", dy);
        activations("x", x);
        if (dw.rows() != dy.columns() || dw.columns() != x.columns() || dy.rows() != x.rows()) {
            throw new IllegalArgumentException("weight gradient dw[O,I] += dy[T,O]ᵀ · x[T,I] with dw " + dw + ", dy " + dy + ", x " + x);
        }
    }

    private static void activations(String name, Tensor tensor) {
        if (tensor.dtype() != DType.F32) {
            throw new IllegalArgumentException(name + " of a matrix product must be F32, not " + tensor);
        }
    }
}
