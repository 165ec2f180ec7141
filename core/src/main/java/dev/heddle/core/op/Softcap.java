package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = cap·tanh(x/cap) (Gemma 2, Griffin); `x` itself when the cap is 0.
/// Backward: dx += dy ⊙ (1 − (y/cap)²).
public final class Softcap {
    private Softcap() {
    }

    public static Tensor apply(Pass pass, Tensor x, double cap) {
        if (cap == 0) {
            return x;
        }
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().elementwise().softcap(y, x, (float) cap);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor dx = pass.gradient(x);
            Tensor product = pass.take(y.rows(), y.columns());
            pass.kernels().elementwise().multiply(product, y, y);
            pass.kernels().elementwise().multiply(product, product, dy);
            pass.kernels().elementwise().add(dx, dx, dy, 1);
            pass.kernels().elementwise().add(dx, dx, product, (float) (-1 / (cap * cap)));
        });
        return y;
    }
}
