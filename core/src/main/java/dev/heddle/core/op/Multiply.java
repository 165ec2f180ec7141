package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = a ⊙ b. Backward: da += dy ⊙ b, db += dy ⊙ a.
public final class Multiply {
    private Multiply() {
    }

    public static Tensor apply(Pass pass, Tensor a, Tensor b) {
        Shapes.same("factor", b, a);
        Tensor y = pass.take(a.rows(), a.columns());
        pass.kernels().elementwise().multiply(y, a, b);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            long mark = pass.mark();
            Tensor product = pass.take(a.rows(), a.columns());
            pass.kernels().elementwise().multiply(product, dy, b);
            Tensor da = pass.gradient(a);
            pass.kernels().elementwise().add(da, da, product, 1);
            pass.kernels().elementwise().multiply(product, dy, a);
            Tensor db = pass.gradient(b);
            pass.kernels().elementwise().add(db, db, product, 1);
            pass.release(mark);
        });
        return y;
    }
}
