package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The real-gated linear recurrent unit (De et al. 2024, Griffin, section 2.4), in each channel alone:
///
/// r = σ(recurrenceGate[t]); i = σ(inputGate[t]); ln a = −8·r·softplus(λ);
/// h[t] = a·h[t−1] + √(1 − a²)·i·x[t]; y[t] = h[t].
///
/// At position 0 of a sequence a is 0 and the root is 1, so h[0] = i·x[0].
///
/// The backward bounds the derivative of the root, 1/(2√z), by 1000, as the reference implementations do.
public interface RgLru {
    /// c in ln a = −c·r·softplus(λ).
    double DECAY_SCALE = 8;

    /// Upper bound of the root's derivative.
    double ROOT_DERIVATIVE_BOUND = 1000;

    /// @param y              [T, I]; may be the memory of x
    /// @param x              [T, I]
    /// @param recurrenceGate [T, I], before the sigmoid
    /// @param inputGate      [T, I], before the sigmoid
    /// @param lambda         [I]
    /// @param state          [slots, I], read and then replaced
    void forward(Tensor y, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda, Tensor state, Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda) {
    }

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state
    /// before the forward ran.
    void backward(Gradients gradients, Tensor dy, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda,
            Tensor initialState, Segments segments);
}
