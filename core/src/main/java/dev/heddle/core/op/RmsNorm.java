package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y = x / sqrt(mean(x²) + ε) · (w + offset) in each of `groups` parts of a row (Zhang & Sennrich 2019).
///
/// Backward, with r = 1/sqrt(mean(x²)+ε) and g = dy ⊙ (w + offset): dx += r·g − x·r³·(g·x)/width, dw += Σ_t dy ⊙ x·r.
public final class RmsNorm {
    private RmsNorm() {
    }

    /// @param weight [D] or [D/groups]
    public static Tensor apply(Pass pass, Tensor x, Optional<Tensor> weight, double offset, double epsilon, int groups) {
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().normalization().rms(y, x, weight, (float) offset, (float) epsilon, groups);
        pass.record(() -> pass.kernels().normalization().rmsGradient(pass.gradient(x), weight.map(pass::gradient),
                pass.gradient(y), x, weight, (float) offset, (float) epsilon, groups));
        return y;
    }
}
