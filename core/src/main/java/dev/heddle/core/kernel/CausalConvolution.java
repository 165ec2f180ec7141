package dev.heddle.core.kernel;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Depthwise convolution along each segment that sees the present and the past:
/// y[t,c] = act(bias[c] + Σ_k w[k,c] · x[t−K+1+k, c]).
public interface CausalConvolution {
    /// @param y      [T, C], not the same memory as x
    /// @param x      [T, C]
    /// @param weight [K, C]; row K−1 meets the present
    /// @param bias   [C]
    /// @param state  [slots, (K−1)·C]: the last K−1 inputs of each sequence, oldest first; read and then replaced
    void forward(Tensor y, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, Tensor state,
            Segments segments);

    /// Adds the gradients of [#forward]; `initialState` is the state before it ran.
    void backward(Tensor dx, Tensor dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x, Tensor weight,
            Optional<Tensor> bias, Activation activation, Tensor initialState, Segments segments);
}
