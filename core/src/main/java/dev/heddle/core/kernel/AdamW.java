package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The update of AdamW (Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2):
///
/// m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; p ← p − η(λp + (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + ε)),
///
/// with g the gradient times `gradientScale` (clipping and accumulation).
public interface AdamW {
    /// @param rate             η
    /// @param beta1            β₁
    /// @param beta2            β₂
    /// @param epsilon          ε
    /// @param decay            λ
    /// @param firstCorrection  1 − β₁ᵗ
    /// @param secondCorrection 1 − β₂ᵗ
    /// @param gradientScale    factor on the gradient
    record Step(float rate, float beta1, float beta2, float epsilon, float decay, float firstCorrection,
            float secondCorrection, float gradientScale) {
    }

    /// Moves `parameter`, `first` (m) and `second` (v) on by one step. All f32, contiguous, of equal size.
    void update(Tensor parameter, Tensor first, Tensor second, Tensor gradient, Step step);

    /// Σ g² in double precision, in an order that depends on the size alone.
    double squaredNorm(Tensor gradient);
}
