package dev.heddle.core.op;

import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The recurrence of Mamba-2; the equations stand at [dev.heddle.core.kernel.StateSpaceDual].
public final class StateSpaceDual {
    private StateSpaceDual() {
    }

    /// @param x      [T, H·P]
    /// @param dt     [T, H], before bias and softplus
    /// @param dtBias [H]
    /// @param aLog   [H], logarithms of the decay rates
    /// @param b, c   [T, G·N]
    /// @param d      [H] or [H·P]
    /// @param state  number of the recurrent state of H·N·P elements
    /// @return [T, H·P]
    public static Tensor apply(Pass pass, Shape shape, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor aLog, Tensor b,
            Tensor c, Optional<Tensor> d, int state) {
        Shapes.columns("x", x, (long) shape.heads() * shape.headDim());
        Shapes.columns("time step", dt, shape.heads());
        Shapes.columns("B", b, (long) shape.groups() * shape.state());
        Shapes.same("C", c, b);
        Tensor a = NegativeExp.ofParameter(pass, aLog);
        Tensor y = pass.take(x.rows(), x.columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().stateSpaceDual().forward(shape, y, x, dt, dtBias, a, b, c, d, memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().stateSpaceDual().backward(shape,
                new dev.heddle.core.kernel.StateSpaceDual.Gradients(pass.gradient(x), pass.gradient(dt),
                        dtBias.map(pass::gradient), pass.gradient(a), pass.gradient(b), pass.gradient(c),
                        d.map(pass::gradient)),
                pass.gradient(y), x, dt, dtBias, a, b, c, d, before, pass.segments()));
        return y;
    }
}
