package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// loss[t] = log Σ_v exp(x[t,v]) − x[t,target[t]] in nats. Backward: dx += dLoss·(softmax(x) − onehot(target)).
public final class CrossEntropy {
    private CrossEntropy() {
    }

    /// @param logits [T, V]
    /// @return [T, 1]
    public static Tensor apply(Pass pass, Tensor logits, int[] targets) {
        Shapes.rows("logits", logits, targets.length);
        Tensor loss = pass.take(targets.length, 1);
        pass.kernels().crossEntropy().forward(loss, logits, targets);
        pass.record(() -> pass.kernels().crossEntropy().backward(pass.gradient(logits), pass.gradient(loss), logits,
                targets));
        return loss;
    }
}
