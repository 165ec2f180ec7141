package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The recurrence of Mamba-2 (Dao & Gu 2024, "Transformers are SSMs", section 5), one scalar decay per head:
///
/// δ[t,h] = clamp(softplus(dt[t,h] + dtBias[h]), dtMin, dtMax);
/// S[t,h,n,p] = exp(δ·a[h]) · S[t−1,h,n,p] + δ·b[t,g,n]·x[t,h,p];
/// y[t,h,p] = Σ_n c[t,g,n]·S[t,h,n,p] + d[h]·x[t,h,p], with g the group of head h.
///
/// Long segments run in the chunked form of the paper's section 6, chunks beginning at absolute positions that
/// are multiples of `chunk`; a segment of one row runs step by step.
public interface StateSpaceDual {
    /// Sizes: heads H, headDim P, groups G, state N; `chunk` positions; bounds of the time step.
    record Shape(int heads, int headDim, int groups, int state, int chunk, float dtMin, float dtMax) {
    }

    /// @param y      [T, H·P]; not the memory of x
    /// @param x      [T, H·P]
    /// @param dt     [T, H], before bias and softplus
    /// @param dtBias [H]
    /// @param a      [H], negative
    /// @param b      [T, G·N]
    /// @param c      [T, G·N]
    /// @param d      [H], or [H·P]
    /// @param state  [slots, H·N·P], read and then replaced
    void forward(Shape shape, Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor state, Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c, Optional<Tensor> d) {
    }

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state
    /// before the forward ran. Where the time step meets one of its bounds its gradient is zero.
    void backward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b,
            Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments);
}
