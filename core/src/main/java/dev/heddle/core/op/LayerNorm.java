package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y = (x − mean)/sqrt(var + ε)·w + b in each of `groups` parts of a row (Ba et al. 2016; Wu & He 2018).
///
/// Backward, with r = 1/sqrt(var+ε), z = (x − mean)·r and g = dy ⊙ w: dx += r·(g − mean(g) − z·mean(g⊙z)),
/// dw += Σ_t dy ⊙ z, db += Σ_t dy.
public final class LayerNorm {
    private LayerNorm() {
    }

    public static Tensor apply(Pass pass, Tensor x, Optional<Tensor> weight, Optional<Tensor> bias, double epsilon,
            int groups) {
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().normalization().layer(y, x, weight, bias, (float) epsilon, groups);
        pass.record(() -> pass.kernels().normalization().layerGradient(pass.gradient(x), weight.map(pass::gradient),
                bias.map(pass::gradient), pass.gradient(y), x, weight, (float) epsilon, groups));
        return y;
    }
}
