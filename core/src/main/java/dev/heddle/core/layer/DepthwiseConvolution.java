package dev.heddle.core.layer;

import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// A causal depthwise convolution with bias and no activation, y[t,c] = b[c] + Σ_k w[c,k]·x[t−K+1+k, c].
///
/// Parameters: `weight` [C, K], `bias` [C].
final class DepthwiseConvolution {
    private final Tensor weight;
    private final Tensor bias;
    private final int state;

    DepthwiseConvolution(Scope scope, int channels, int taps) {
        weight = scope.small("weight", Initial.CONVOLUTION, channels, taps);
        bias = scope.small("bias", channels);
        state = scope.recurrentState("state", (taps - 1) * channels);
    }

    Tensor forward(Pass pass, Tensor x) {
        return CausalConvolution.apply(pass, x, weight, Optional.of(bias), Activation.IDENTITY, state);
    }
}
