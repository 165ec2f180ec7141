package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The logarithm of an input-dependent decay (Gu & Dao 2023; Yang et al. 2024, gated delta net):
///
/// g[t,c] = −exp(aLog[h])·softplus(x[t,c] + bias[c]), column c belonging to head h = c·H/columns.
public interface LogDecay {
    /// @param g    [T, C]; may be the memory of x
    /// @param x    [T, C]
    /// @param bias [C]
    /// @param aLog [H]; H divides C
    void forward(Tensor g, Tensor x, Tensor bias, Tensor aLog);

    /// Adds the gradients of [#forward].
    void backward(Tensor dx, Tensor dBias, Tensor dALog, Tensor dg, Tensor x, Tensor bias, Tensor aLog);
}
