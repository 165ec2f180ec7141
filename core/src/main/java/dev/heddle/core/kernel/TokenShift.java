package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The token shift of RWKV (Peng et al. 2023, section 3.1): each row meets the row before it in its sequence.
public interface TokenShift {
    /// y[t] = x[t−1]; the first row of a segment takes the state, which the last row then replaces.
    ///
    /// @param y     [T, D], not the memory of x
    /// @param x     [T, D]
    /// @param state [slots, D]: the last row of each sequence
    void previous(Tensor y, Tensor x, Tensor state, Segments segments);

    /// Adds the gradient of [#previous]: dx[t−1] += dy[t] within each segment.
    void previousGradient(Tensor dx, Tensor dy, Segments segments);

    /// y[t,d] = from[t,d] + w·(to[t,d] − from[t,d]) with w = weight[d], or weight[t,d] if the weight has T rows.
    ///
    /// @param y      [T, D]; may be the memory of `from` or `to`
    /// @param weight [D] or [T, D]
    void interpolate(Tensor y, Tensor from, Tensor to, Tensor weight);

    /// Adds the gradients of [#interpolate].
    void interpolateGradient(Tensor dFrom, Tensor dTo, Tensor dWeight, Tensor dy, Tensor from, Tensor to, Tensor weight);
}
