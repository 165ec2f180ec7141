package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = from + w ⊙ (to − from). Backward: dFrom += dy ⊙ (1 − w), dTo += dy ⊙ w, dw += dy ⊙ (to − from).
public final class Interpolate {
    private Interpolate() {
    }

    /// @param from, to [T, D]
    /// @param weight   [D] for all rows alike, or [T, D]
    /// @return [T, D]
    public static Tensor apply(Pass pass, Tensor from, Tensor to, Tensor weight) {
        Shapes.same("other end", to, from);
        if (weight.elements() != from.columns()) {
            Shapes.same("weight", weight, from);
        }
        Tensor y = pass.take(from.rows(), from.columns());
        pass.kernels().tokenShift().interpolate(y, from, to, weight);
        pass.record(() -> pass.kernels().tokenShift().interpolateGradient(pass.gradient(from), pass.gradient(to),
                pass.gradient(weight), pass.gradient(y), from, to, weight));
        return y;
    }
}
