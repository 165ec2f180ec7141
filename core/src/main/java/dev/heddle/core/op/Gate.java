package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;

/// y = act(gate) ⊙ up (Shazeer 2020). Backward: dGate += dy ⊙ up ⊙ act′(gate), dUp += dy ⊙ act(gate).
public final class Gate {
    private Gate() {
    }

    /// @param gate, up [T, F]
    public static Tensor apply(Pass pass, Tensor gate, Tensor up, Activation activation) {
        Shapes.same("gate", gate, up);
        Tensor y = pass.take(up.rows(), up.columns());
        pass.kernels().elementwise().gate(y, gate, up, activation);
        pass.record(() -> pass.kernels().elementwise().gateGradient(pass.gradient(gate), pass.gradient(up), pass.gradient(y),
                gate, up, activation));
        return y;
    }
}
