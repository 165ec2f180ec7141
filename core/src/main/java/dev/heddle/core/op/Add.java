package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = a + scale·b. Backward: da += dy, db += scale·dy.
public final class Add {
    private Add() {
    }

    /// A new tensor [T, D].
    public static Tensor apply(Pass pass, Tensor a, Tensor b, double scale) {
        return into(pass, pass.take(a.rows(), a.columns()), a, b, scale);
    }

    /// Into `y`, which may be `a` when there is no tape.
    public static Tensor into(Pass pass, Tensor y, Tensor a, Tensor b, double scale) {
        Shapes.same("summand", b, a);
        pass.kernels().elementwise().add(y, a, b, (float) scale);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor da = pass.gradient(a);
            Tensor db = pass.gradient(b);
            pass.kernels().elementwise().add(da, da, dy, 1);
            pass.kernels().elementwise().add(db, db, dy, (float) scale);
        });
        return y;
    }
}
