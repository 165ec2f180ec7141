package dev.heddle.core.op;

import dev.heddle.core.kernel.AttentionDifference.Share;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// a − λ·b of differential attention; the equations stand at [dev.heddle.core.kernel.AttentionDifference].
public final class AttentionDifference {
    private AttentionDifference() {
    }

    /// @param a, b [T, D]
    public static Tensor apply(Pass pass, Tensor a, Tensor b, Share share) {
        Shapes.same("second attention", b, a);
        Shapes.elements("lambda_k1", share.k1(), share.q1().elements());
        Shapes.elements("lambda_k2", share.k2(), share.q2().elements());
        Tensor y = pass.take(a.rows(), a.columns());
        pass.kernels().attentionDifference().forward(y, a, b, share);
        pass.record(() -> pass.kernels().attentionDifference().backward(pass.gradient(a), pass.gradient(b),
                new Share(pass.gradient(share.q1()), pass.gradient(share.k1()), pass.gradient(share.q2()),
                        pass.gradient(share.k2()), share.initial()),
                pass.gradient(y), b, share));
        return y;
    }
}
