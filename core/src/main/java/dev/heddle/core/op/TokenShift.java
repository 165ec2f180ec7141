package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t] = x[t−1] within each sequence, the row before it whatever pass fed it; zero at the very first.
/// Backward: dx[t−1] += dy[t].
public final class TokenShift {
    private TokenShift() {
    }

    /// @param x     [T, D]
    /// @param state number of the recurrent state of D elements
    /// @return [T, D]
    public static Tensor apply(Pass pass, Tensor x, int state) {
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().tokenShift().previous(y, x, pass.states().recurrent(state), pass.segments());
        pass.record(() -> pass.kernels().tokenShift().previousGradient(pass.gradient(x), pass.gradient(y), pass.segments()));
        return y;
    }
}
