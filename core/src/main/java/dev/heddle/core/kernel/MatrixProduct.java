package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Products of activations with weights, the kernels in which a language model spends its time.
///
/// Weights are read in their stored type (f32, bf16, f16 or quantized); activations are f32 and sums accumulate in f32.
/// Every output is summed in one order that depends on the inner width alone, so a row has the same bits
/// computed alone, in a batch, or in a prefill.
public interface MatrixProduct {
    /// y[t,o] = Σ_i x[t,i] · w[o,i].
    ///
    /// @param y f32 [T, O], overwritten; may be a column view
    /// @param x f32 [T, I]; may be a column view
    /// @param w [O, I], f32, bf16, f16 or quantized, contiguous rows
    void product(Tensor y, Tensor x, Tensor w);

    /// Several products of the same rows in one fork: `y[k] = x · w[k]ᵀ`.
    void products(Tensor[] y, Tensor x, Tensor[] w);

    /// These weights once more, as and where the products of these kernels read them fastest, or `w` itself where that gains
    /// nothing. To everyone else the result is `w`: it has the same elements.
    ///
    /// @param w contiguous; must not be written to afterwards
    Tensor prepared(Tensor w);

    /// Gradient towards the input: dx[t,i] += Σ_o dy[t,o] · w[o,i].
    void inputGradient(Tensor dx, Tensor dy, Tensor w);

    /// Gradient towards the weight: dw[o,i] += Σ_t dy[t,o] · x[t,i].
    ///
    /// @param dw f32 [O, I]
    void weightGradient(Tensor dw, Tensor dy, Tensor x);
}
