package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The second of two attentions subtracted from the first by a learned share (Ye et al. 2024, "Differential Transformer",
/// eq. 1 and 2):
///
/// y = a − λ·b with λ = exp(Σ q₁·k₁) − exp(Σ q₂·k₂) + λ_init.
public interface AttentionDifference {
    /// What λ is made of: four learned vectors of equal length. Also holds their gradients.
    record Share(Tensor q1, Tensor k1, Tensor q2, Tensor k2, float initial) {
    }

    /// @param y, a, b [T, D]; y may be the memory of a
    void forward(Tensor y, Tensor a, Tensor b, Share share);

    /// Adds the gradients of [#forward].
    void backward(Tensor da, Tensor db, Share gradients, Tensor dy, Tensor b, Share share);
}
