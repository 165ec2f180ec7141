package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// A = −exp(A_log), the decay rates of state-space layers.
/// Backward: dA_log += dA ⊙ A.
public final class NegativeExp {
    private NegativeExp() {
    }

    /// Of a parameter; without a tape computed once and kept.
    public static Tensor ofParameter(Pass pass, Tensor log) {
        if (!pass.taped()) {
            return pass.executor().derived("negativeExp", log, log.rows(), log.columns(),
                    y -> pass.kernels().elementwise().negativeExp(y, log));
        }
        return apply(pass, log);
    }

    /// Of any rows [T, D].
    public static Tensor apply(Pass pass, Tensor log) {
        Tensor y = pass.take(log.rows(), log.columns());
        pass.kernels().elementwise().negativeExp(y, log);
        pass.record(() -> {
            Tensor product = pass.take(log.rows(), log.columns());
            pass.kernels().elementwise().multiply(product, pass.gradient(y), y);
            Tensor dLog = pass.gradient(log);
            pass.kernels().elementwise().add(dLog, dLog, product, 1);
        });
        return y;
    }
}
