package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The recurrence of Mamba (Gu & Dao 2023, eq. 2 with the simplified discretisation of its section 3.6):
///
/// δ[t,i] = softplus(dt[t,i] + dtBias[i]);
/// h[t,n,i] = exp(δ[t,i]·a[n,i]) · h[t−1,n,i] + δ[t,i]·b[t,n]·x[t,i];
/// y[t,i] = Σ_n c[t,n]·h[t,n,i] + d[i]·x[t,i].
public interface SelectiveScan {
    /// @param y      [T, I]; may be the memory of x
    /// @param x      [T, I]
    /// @param dt     [T, I], before bias and softplus
    /// @param dtBias [I]
    /// @param a      [N, I], negative
    /// @param b      [T, N]
    /// @param c      [T, N]
    /// @param d      [I]
    /// @param state  [slots, N·I], read and then replaced
    void forward(Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c, Optional<Tensor> d,
            Tensor state, Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c, Optional<Tensor> d) {
    }

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state
    /// before the forward ran.
    void backward(Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b,
            Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments);
}
