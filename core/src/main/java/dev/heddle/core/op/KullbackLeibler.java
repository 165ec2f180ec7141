package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// How far the distribution of logits b is from that of logits a, which are a constant; the equation stands at
/// [dev.heddle.core.kernel.KullbackLeibler]. Backward: db += dLoss·(softmax(b) − softmax(a)).
public final class KullbackLeibler {
    private KullbackLeibler() {
    }

    /// @param a [T, V], no gradient goes there
    /// @param b [T, V]
    /// @return [T, 1] nats
    public static Tensor apply(Pass pass, Tensor a, Tensor b) {
        Shapes.same("logits", b, a);
        Tensor loss = pass.take(b.rows(), 1);
        pass.kernels().kullbackLeibler().forward(loss, a, b);
        pass.record(() -> pass.kernels().kullbackLeibler().backward(pass.gradient(b), pass.gradient(loss), a, b));
        return loss;
    }
}
