package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;

/// y = act(x). Backward: dx += dy ⊙ act′(x).
public final class Activate {
    private Activate() {
    }

    public static Tensor apply(Pass pass, Tensor x, Activation activation) {
        if (activation == Activation.IDENTITY) {
            return x;
        }
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().elementwise().activate(y, x, activation);
        pass.record(() -> pass.kernels().elementwise().activateGradient(pass.gradient(x), pass.gradient(y), x, activation));
        return y;
    }
}
