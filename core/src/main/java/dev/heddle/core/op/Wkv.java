package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The weighted mean of RWKV-4; the equations stand at [dev.heddle.core.kernel.Wkv].
public final class Wkv {
    private Wkv() {
    }

    /// @param k, v        [T, I]
    /// @param timeDecay   [I]; the log decay is −exp of it
    /// @param bonus       [I]
    /// @param sums        number of the recurrent state of 2·I elements
    /// @param exponent    number of the recurrent state of I elements
    /// @return [T, I]
    public static Tensor apply(Pass pass, Tensor k, Tensor v, Tensor timeDecay, Tensor bonus, int sums, int exponent) {
        Shapes.same("value", v, k);
        Shapes.elements("time decay", timeDecay, k.columns());
        Shapes.elements("bonus", bonus, k.columns());
        Tensor logDecay = NegativeExp.ofParameter(pass, timeDecay);
        Tensor y = pass.take(k.rows(), k.columns());
        Tensor sumMemory = pass.states().recurrent(sums);
        Tensor exponentMemory = pass.states().recurrent(exponent);
        Tensor sumsBefore = SavedState.of(pass, sumMemory);
        Tensor exponentBefore = SavedState.of(pass, exponentMemory);
        pass.kernels().wkv().forward(y, k, v, logDecay, bonus, sumMemory, exponentMemory, pass.segments());
        pass.record(() -> pass.kernels().wkv().backward(
                new dev.heddle.core.kernel.Wkv.Gradients(pass.gradient(k), pass.gradient(v), pass.gradient(logDecay),
                        pass.gradient(bonus)),
                pass.gradient(y), k, v, logDecay, bonus, sumsBefore, exponentBefore, pass.segments()));
        return y;
    }
}
