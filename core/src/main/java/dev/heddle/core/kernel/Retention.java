package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Multi-scale retention (Sun et al. 2023, section 2), one fixed decay γ per head:
///
/// S[t,i,j] = γ·S[t−1,i,j] + k[t,i]·v[t,j]; y[t,j] = c[t]·Σ_i q[t,i]·S[t,i,j].
///
/// c is 1, or with `normalised` (Σ_{s≤t} γ^(t−s))^(−1/2), which keeps the variance of y level along the sequence
/// (their eq. 8).
public interface Retention {
    /// Sizes: heads H, keyDim K, valueDim V.
    ///
    /// @param logDecay   [H], ln γ of each head, negative
    /// @param normalised whether rows are divided by the root of the sum of their decays
    record Shape(int heads, int keyDim, int valueDim, double[] logDecay, boolean normalised) {
        /// f32 numbers of one sequence's state.
        public int stateElements() {
            return heads * keyDim * valueDim;
        }

        /// c at an absolute position.
        public double rowScale(int head, long position) {
            // Σ_{s≤t} γ^(t−s) = (1 − γ^(t+1)) / (1 − γ), without cancellation for γ near 1
            return normalised ? Math.sqrt(Math.expm1(logDecay[head]) / Math.expm1(logDecay[head] * (position + 1))) : 1;
        }
    }

    /// @param y     [T, H·V]
    /// @param q     [T, H·K]
    /// @param k     [T, H·K]
    /// @param v     [T, H·V]
    /// @param state [slots, H·K·V], read and then replaced
    void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor q, Tensor k, Tensor v) {
    }

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state
    /// before the forward ran.
    void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments);
}
