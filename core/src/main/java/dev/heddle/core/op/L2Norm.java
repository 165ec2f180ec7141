package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Each of `groups` parts of a row divided by its length: x / max(‖x‖, ε), or x / sqrt(‖x‖² + ε) with `insideRoot`.
public final class L2Norm {
    private L2Norm() {
    }

    public static Tensor apply(Pass pass, Tensor x, double epsilon, boolean insideRoot, int groups) {
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().normalization().l2(y, x, (float) epsilon, insideRoot, groups);
        Gradients.unavailable(pass, "L2Norm");
        return y;
    }
}
