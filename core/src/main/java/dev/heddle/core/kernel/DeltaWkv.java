package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The recurrence of RWKV-7 (Peng et al. 2025, "Goose", section 4), a generalised delta rule: before it writes, each
/// position removes part of what the state holds under a key of its own.
///
/// S[t,i,j] = exp(g[t,i])·S[t−1,i,j] − a[t,i]·κ[t,i]·Σ_m κ[t,m]·S[t−1,m,j] + k[t,i]·v[t,j];
/// y[t,j] = Σ_i r[t,i]·S[t,i,j], with κ of length 1 in each head.
public interface DeltaWkv {
    /// Sizes: heads H, keyDim K, valueDim V.
    record Shape(int heads, int keyDim, int valueDim) {
        /// f32 numbers of one sequence's state.
        public int stateElements() {
            return heads * keyDim * valueDim;
        }
    }

    /// What a position brings: receptance r, log decay g (not positive), key k, removal key κ and rate a, all
    /// [T, H·K], and value v [T, H·V]. Also holds the gradients of the same.
    record Inputs(Tensor r, Tensor logDecay, Tensor k, Tensor v, Tensor removal, Tensor rate) {
    }

    /// @param y     [T, H·V]
    /// @param state [slots, H·K·V], read and then replaced
    void forward(Shape shape, Tensor y, Inputs inputs, Tensor state, Segments segments);

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state
    /// before the forward ran.
    void backward(Shape shape, Inputs gradients, Tensor dy, Inputs inputs, Tensor initialState, Segments segments);

    /// What the present position adds past the state: y[t,h,j] = x[t,h,j] + v[t,h,j]·Σ_i r[t,h,i]·k[t,h,i]·u[h,i].
    ///
    /// @param y     [T, H·V]; may be the memory of x
    /// @param bonus u, [H·K]
    void bonus(Shape shape, Tensor y, Tensor x, Tensor r, Tensor k, Tensor v, Tensor bonus);

    /// Adds the gradients of [#bonus] except that of x, which is dy itself.
    void bonusGradient(Shape shape, Tensor dr, Tensor dk, Tensor dv, Tensor dBonus, Tensor dy, Tensor r, Tensor k, Tensor v,
            Tensor bonus);
}
