package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The real-gated linear recurrent unit; the equations stand at [dev.heddle.core.kernel.RgLru].
public final class RgLru {
    private RgLru() {
    }

    /// @param x              [T, I]
    /// @param recurrenceGate [T, I], before the sigmoid
    /// @param inputGate      [T, I], before the sigmoid
    /// @param lambda         [I]
    /// @param state          number of the recurrent state of I elements
    /// @return [T, I]
    public static Tensor apply(Pass pass, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda, int state) {
        Shapes.same("recurrence gate", recurrenceGate, x);
        Shapes.same("input gate", inputGate, x);
        Shapes.elements("lambda", lambda, x.columns());
        Tensor y = pass.take(x.rows(), x.columns());
        Tensor memory = pass.states().recurrent(state);
        Tensor before = SavedState.of(pass, memory);
        pass.kernels().rgLru().forward(y, x, recurrenceGate, inputGate, lambda, memory, pass.segments());
        pass.record(() -> pass.kernels().rgLru().backward(
                new dev.heddle.core.kernel.RgLru.Gradients(pass.gradient(x), pass.gradient(recurrenceGate),
                        pass.gradient(inputGate), pass.gradient(lambda)),
                pass.gradient(y), x, recurrenceGate, inputGate, lambda, before, pass.segments()));
        return y;
    }
}
