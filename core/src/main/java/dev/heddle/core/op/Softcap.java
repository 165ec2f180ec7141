package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = cap·tanh(x/cap) (Gemma 2, Griffin); `x` itself when the cap is 0.
public final class Softcap {
    private Softcap() {
    }

    public static Tensor apply(Pass pass, Tensor x, double cap) {
        if (cap == 0) {
            return x;
        }
        Gradients.unavailable(pass, "Softcap");
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().elementwise().softcap(y, x, (float) cap);
        return y;
    }
}
