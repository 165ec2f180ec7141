package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Rotary position embedding (Su et al. 2021).
public interface Rotary {
    /// Cosines and sines of position · frequency for every row of the batch.
    ///
    /// @param cos, sin        [T, dims/2]
    /// @param frequencies     radians per position of each pair
    /// @param attentionFactor factor on both
    void table(Tensor cos, Tensor sin, float[] frequencies, float attentionFactor, Segments segments);

    /// Rotates the first 2·cos.columns() entries of each head of `x` and copies the rest.
    ///
    /// @param y, x [T, heads·headDim]; may be the same
    /// @param interleaved pairs (0,1),(2,3)… when true, (0,d/2),(1,d/2+1)… when false
    /// @param inverse rotates backwards: the gradient
    void rotate(Tensor y, Tensor x, Tensor cos, Tensor sin, int heads, boolean interleaved, boolean inverse);
}
