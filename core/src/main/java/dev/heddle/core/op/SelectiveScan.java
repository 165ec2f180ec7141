package dev.heddle.core.op;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The selective scan of Mamba; the equations stand at [dev.heddle.core.kernel.SelectiveScan].
public final class SelectiveScan {
    private SelectiveScan() {
    }

    /// @param x      [T, I]
    /// @param dt     [T, I], before bias and softplus
    /// @param dtBias [I]
    /// @param aLog   [I, N], logarithms of the decay rates
    /// @param b, c   [T, N]
    /// @param d      [I]
    /// @param state  number of the recurrent state of N·I elements
    /// @return [T, I]
    public static Tensor apply(Pass pass, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor aLog, Tensor b, Tensor c,
            Optional<Tensor> d, int state) {
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor y = apply(pass, x, dt, dtBias, aLog, b, c, d, memory.memory(), memory.segments());
        memory.keep();
        return y;
    }

    /// @param memory the states [slots, N·I] themselves
    public static Tensor apply(Pass pass, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor aLog, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor memory) {
        return apply(pass, x, dt, dtBias, aLog, b, c, d, memory, pass.segments());
    }

    private static Tensor apply(Pass pass, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor aLog, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor memory, Segments segments) {
        Shapes.same("time step", dt, x);
        Shapes.same("C", c, b);
        Tensor a = Transpose.ofParameter(pass, NegativeExp.ofParameter(pass, aLog));
        Shapes.rows("A", a, b.columns());
        Tensor y = pass.take(x.rows(), x.columns());
        Tensor before = SavedState.of(pass, memory);
        pass.kernels().selectiveScan().forward(y, x, dt, dtBias, a, b, c, d, memory, segments);
        pass.record(() -> pass.kernels().selectiveScan().backward(
                new dev.heddle.core.kernel.SelectiveScan.Gradients(pass.gradient(x), pass.gradient(dt),
                        dtBias.map(pass::gradient), pass.gradient(a), pass.gradient(b), pass.gradient(c),
                        d.map(pass::gradient)),
                pass.gradient(y), x, dt, dtBias, a, b, c, d, before, pass.segments()));
        return y;
    }
}
