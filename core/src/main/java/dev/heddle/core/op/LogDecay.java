package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// −exp(aLog)·softplus(x + bias); the equation stands at [dev.heddle.core.kernel.LogDecay].
public final class LogDecay {
    private LogDecay() {
    }

    /// @param x    [T, C]
    /// @param bias [C]
    /// @param aLog [H], one for each C/H columns
    public static Tensor apply(Pass pass, Tensor x, Tensor bias, Tensor aLog) {
        Shapes.elements("decay bias", bias, x.columns());
        if (x.columns() % aLog.elements() != 0) {
            throw new IllegalArgumentException("decays " + x + " do not divide into the heads of A_log " + aLog);
        }
        Tensor g = pass.take(x.rows(), x.columns());
        pass.kernels().logDecay().forward(g, x, bias, aLog);
        pass.record(() -> pass.kernels().logDecay().backward(pass.gradient(x), pass.gradient(bias), pass.gradient(aLog),
                pass.gradient(g), x, bias, aLog));
        return g;
    }
}
