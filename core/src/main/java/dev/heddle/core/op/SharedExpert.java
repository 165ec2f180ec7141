package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t] = routed[t] + σ(gate[t])·shared[t], the shared expert of Qwen2-MoE and its descendants.
///
/// Backward: dRouted += dy, dShared[t] += σ(gate[t])·dy[t], dGate[t] += σ′(gate[t])·(dy[t]·shared[t]).
public final class SharedExpert {
    private SharedExpert() {
    }

    /// @param routed [T, D], the weighted sum of the chosen experts
    /// @param shared [T, D]
    /// @param gate   [T, 1]
    public static Tensor apply(Pass pass, Tensor routed, Tensor shared, Tensor gate) {
        Shapes.same("shared expert", shared, routed);
        Shapes.rows("shared expert's gate", gate, routed.rows());
        Shapes.columns("shared expert's gate", gate, 1);
        Tensor y = pass.take(routed.rows(), routed.columns());
        pass.kernels().experts().addShared(y, routed, shared, gate);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor dRouted = pass.gradient(routed);
            pass.kernels().elementwise().add(dRouted, dRouted, dy, 1);
            pass.kernels().experts().addSharedGradient(pass.gradient(shared), pass.gradient(gate), dy, shared, gate);
        });
        return y;
    }
}
