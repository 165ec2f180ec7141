package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The recurrence of RWKV-4 (Peng et al. 2023, eq. 14 and appendix D), a weighted mean of values in each channel:
///
/// y[t] = (a[t−1] + e^(u+k[t])·v[t]) / (b[t−1] + e^(u+k[t]));
/// a[t] = e^w·a[t−1] + e^k[t]·v[t]; b[t] = e^w·b[t−1] + e^k[t].
///
/// a and b are held divided by e^p, p the largest exponent so far, so that no power overflows.
public interface Wkv {
    /// @param y        [T, I]
    /// @param k        [T, I]
    /// @param v        [T, I]
    /// @param logDecay [I], w, negative
    /// @param bonus    [I], u
    /// @param sums     [slots, 2·I]: a, then b, zero at first; read and then replaced
    /// @param exponent [slots, I]: p, very negative at first; read and then replaced
    void forward(Tensor y, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums, Tensor exponent,
            Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor k, Tensor v, Tensor logDecay, Tensor bonus) {
    }

    /// Adds the gradients of [#forward]; `sums` and `exponent` are the states before the forward ran.
    void backward(Gradients gradients, Tensor dy, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums,
            Tensor exponent, Segments segments);
}
