package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The transpose [I, O] of a small parameter [O, I]; without a tape computed once and kept.
public final class Transpose {
    private Transpose() {
    }

    public static Tensor ofParameter(Pass pass, Tensor w) {
        if (!pass.taped()) {
            return pass.executor().derived("transpose", w, w.columns(), w.rows(),
                    y -> pass.kernels().elementwise().transpose(y, w));
        }
        Tensor y = pass.take(w.columns(), w.rows());
        pass.kernels().elementwise().transpose(y, w);
        pass.record(() -> pass.kernels().elementwise().addTransposed(pass.gradient(w), pass.gradient(y)));
        return y;
    }
}
