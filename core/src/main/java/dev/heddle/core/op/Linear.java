package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y[t,o] = Σ_i x[t,i]·w[o,i] (+ b[o]): a linear map with its weight stored output-major, as checkpoints do.
///
/// Backward: dx += dy·w, dw += dyᵀ·x, db += Σ_t dy[t].
public final class Linear {
    private Linear() {
    }

    /// @param x [T, I]
    /// @param w [O, I]
    /// @return [T, O]
    public static Tensor apply(Pass pass, Tensor x, Tensor w) {
        Shapes.columns("linear input", x, w.columns());
        Tensor y = pass.take(x.rows(), w.rows());
        pass.kernels().matrixProduct().product(y, x, w);
        record(pass, y, x, w);
        return y;
    }

    /// With a bias [O] if there is one.
    public static Tensor apply(Pass pass, Tensor x, Tensor w, Optional<Tensor> bias) {
        Tensor y = apply(pass, x, w);
        return bias.isEmpty() ? y : AddRow.apply(pass, y, bias.get());
    }

    /// Several maps of the same rows, in one kernel call.
    public static Tensor[] apply(Pass pass, Tensor x, Tensor... weights) {
        Tensor[] y = new Tensor[weights.length];
        for (int k = 0; k < weights.length; k++) {
            y[k] = pass.take(x.rows(), weights[k].rows());
        }
        into(pass, y, x, weights);
        return y;
    }

    /// Several maps of the same rows into tensors [T, O] or columns of one, in one kernel call.
    public static void into(Pass pass, Tensor[] y, Tensor x, Tensor... weights) {
        for (int k = 0; k < weights.length; k++) {
            Shapes.columns("linear input", x, weights[k].columns());
            Shapes.columns("linear output", y[k], weights[k].rows());
        }
        pass.kernels().matrixProduct().products(y, x, weights);
        for (int k = 0; k < weights.length; k++) {
            record(pass, y[k], x, weights[k]);
        }
    }

    private static void record(Pass pass, Tensor y, Tensor x, Tensor w) {
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            pass.kernels().matrixProduct().inputGradient(pass.gradient(x), dy, w);
            if (pass.tape().wants(w)) {
                pass.kernels().matrixProduct().weightGradient(pass.gradient(w), dy, x);
            }
        });
    }
}
