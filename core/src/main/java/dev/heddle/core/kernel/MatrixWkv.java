package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The recurrence of RWKV-5 and RWKV-6 (Peng et al. 2024, "Eagle and Finch", section 4), a K×V state per head with a
/// decay for each key channel:
///
/// y[t,j] = Σ_i r[t,i]·(S[t−1,i,j] + u[i]·k[t,i]·v[t,j]);
/// S[t,i,j] = exp(g[t,i])·S[t−1,i,j] + k[t,i]·v[t,j].
public interface MatrixWkv {
    /// Sizes: heads H, keyDim K, valueDim V.
    record Shape(int heads, int keyDim, int valueDim) {
        /// f32 numbers of one sequence's state.
        public int stateElements() {
            return heads * keyDim * valueDim;
        }
    }

    /// @param y        [T, H·V]
    /// @param r        [T, H·K]
    /// @param k        [T, H·K]
    /// @param v        [T, H·V]
    /// @param logDecay g, not positive: [T, H·K], [H·K], or [H] for one decay a head
    /// @param bonus    u: [H·K], or [H]
    /// @param state    [slots, H·K·V], read and then replaced
    void forward(Shape shape, Tensor y, Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor state,
            Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus) {
    }

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state
    /// before the forward ran.
    void backward(Shape shape, Gradients gradients, Tensor dy, Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus,
            Tensor initialState, Segments segments);
}
