package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Softmax attention among the rows of each segment, every row to every row:
/// y[t,h] = Σ_s softmax_s(scale · q[t,h]·k[s,h]) · v[s,h].
public interface BidirectionalAttention {
    /// @param heads   H
    /// @param headDim K
    /// @param scale   factor on q·k
    record Shape(int heads, int headDim, float scale) {
    }

    /// @param y, q, k, v [T, H·K]
    void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Segments segments);

    /// Adds the gradients of [#forward].
    void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor q, Tensor k, Tensor v, Segments segments);
}
