package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = factor·x. Backward: dx += factor·dy.
public final class Scale {
    private Scale() {
    }

    /// `x` itself when the factor is 1.
    public static Tensor apply(Pass pass, Tensor x, double factor) {
        if (factor == 1) {
            return x;
        }
        return into(pass, pass.take(x.rows(), x.columns()), x, factor);
    }

    /// Into `y`, which may be `x` when there is no tape.
    public static Tensor into(Pass pass, Tensor y, Tensor x, double factor) {
        pass.kernels().elementwise().scale(y, x, (float) factor);
        pass.record(() -> {
            Tensor dx = pass.gradient(x);
            pass.kernels().elementwise().add(dx, dx, pass.gradient(y), (float) factor);
        });
        return y;
    }
}
