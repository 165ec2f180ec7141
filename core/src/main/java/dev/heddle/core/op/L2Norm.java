package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Each of `groups` parts of a row divided by its length: x / max(‖x‖, ε), or x / sqrt(‖x‖² + ε) with `insideRoot`.
///
/// Backward, with n the divisor: dx += dy/n − x·(dy·x)/n³; the second term is zero where n is ε alone.
public final class L2Norm {
    private L2Norm() {
    }

    public static Tensor apply(Pass pass, Tensor x, double epsilon, boolean insideRoot, int groups) {
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().normalization().l2(y, x, (float) epsilon, insideRoot, groups);
        pass.record(() -> pass.kernels().normalization().l2Gradient(pass.gradient(x), pass.gradient(y), x, (float) epsilon,
                insideRoot, groups));
        return y;
    }
}
