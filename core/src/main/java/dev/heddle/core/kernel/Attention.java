package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Softmax attention of each segment's queries over its sequence's keys and values:
/// y[t,h] = Σ_s softmax_s(score(q[t,h]·k[s,g])) · v[s,g], g = h·kvHeads/heads, s ≤ t's position.
public interface Attention {
    /// @param heads    query heads H
    /// @param kvHeads  key/value heads
    /// @param headDim  K
    /// @param valueDim V
    /// @param scale    factor on q·k
    /// @param softcap  c in c·tanh(score/c), before the mask; 0 for none
    /// @param window   keys a query sees, itself included; 0 for all
    /// @param sinks    leading positions every query sees whatever the window (meta tokens)
    /// @param alibi    whether head h adds −slope(h)·distance (Press et al. 2022)
    record Shape(int heads, int kvHeads, int headDim, int valueDim, float scale, float softcap, int window, int sinks,
            boolean alibi) {
        /// ALiBi slope of a head: 2^(−8(h+1)/H) for powers of two, interleaved for others as published.
        public float slope(int head) {
            int power = Integer.highestOneBit(heads);
            if (head < power) {
                return (float) Math.pow(2, -8.0 * (head + 1) / power);
            }
            return (float) Math.pow(2, -8.0 * (2 * (head - power) + 1) / (2.0 * power));
        }
    }

    /// Stores the keys and values of the batch's rows.
    ///
    /// @param k [T, kvHeads·K]
    /// @param v [T, kvHeads·V]
    void append(KeyValues cache, Tensor k, Tensor v, Segments segments);

    /// @param y [T, H·V]
    /// @param q [T, H·K]
    /// @param cache holds the rows of this batch already
    void forward(Shape shape, Tensor y, Tensor q, KeyValues cache, Segments segments);

    /// Adds the gradients of [#forward]. With p the softmax and ds = p ⊙ (dy·v − dy·y) its gradient towards the scores:
    /// dq += Σ_s ds·∂score·k[s], dk[s] += Σ_t ds·∂score·q[t], dv[s] += Σ_t p·dy[t]. Keys and values from before this
    /// batch get none.
    ///
    /// @param dk [T, kvHeads·K]
    /// @param dv [T, kvHeads·V]
    /// @param y  what [#forward] gave
    void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor y, Tensor q, KeyValues cache,
            Segments segments);
}
