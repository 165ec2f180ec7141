package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Causal linear attention (Katharopoulos et al. 2020, eq. 18 to 20) over queries and keys that have passed their feature
/// map:
///
/// S[t,i,j] = S[t−1,i,j] + k[t,i]·v[t,j]; z[t,i] = z[t−1,i] + k[t,i];
/// y[t,j] = Σ_i q[t,i]·S[t,i,j] / (ε + Σ_i q[t,i]·z[t,i]), the divisor only if `normalised`.
public interface LinearAttention {
    /// Sizes: heads H, keyDim K, valueDim V.
    record Shape(int heads, int keyDim, int valueDim, boolean normalised, float epsilon) {
        /// f32 numbers of one sequence's state: K·V sums of each head, then K of each head.
        public int stateElements() {
            return heads * keyDim * (valueDim + 1);
        }
    }

    /// @param y     [T, H·V]
    /// @param q     [T, H·K]
    /// @param k     [T, H·K]
    /// @param v     [T, H·V]
    /// @param state [slots, H·K·V + H·K], read and then replaced
    void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor q, Tensor k, Tensor v) {
    }

    /// Adds the gradients of [#forward]; `initialState` is the state before it ran.
    void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments);
}
