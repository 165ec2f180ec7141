package dev.heddle.core.kernel;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Depthwise convolution along each segment that sees both sides, zero beyond its ends:
/// y[t,c] = act(bias[c] + Σ_k w[k,c] · x[t − ⌊(K−1)/2⌋ + k, c]).
public interface SymmetricConvolution {
    /// @param y      [T, C], not the same memory as x
    /// @param x      [T, C]
    /// @param weight [K, C]
    /// @param bias   [C]
    void forward(Tensor y, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, Segments segments);

    /// Adds the gradients of [#forward].
    void backward(Tensor dx, Tensor dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x, Tensor weight,
            Optional<Tensor> bias, Activation activation, Segments segments);
}
