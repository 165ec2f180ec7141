package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y = (x − mean)/sqrt(var + ε)·w + b in each of `groups` parts of a row (Ba et al. 2016; Wu & He 2018).
public final class LayerNorm {
    private LayerNorm() {
    }

    public static Tensor apply(Pass pass, Tensor x, Optional<Tensor> weight, Optional<Tensor> bias, double epsilon,
            int groups) {
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().normalization().layer(y, x, weight, bias, (float) epsilon, groups);
        Gradients.unavailable(pass, "LayerNorm");
        return y;
    }
}
