package dev.heddle.core.op;

import dev.heddle.core.kernel.Elementwise;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t] = [a[t], b[t]]. Backward: da += dy's first columns, db += its last.
public final class Concatenate {
    private Concatenate() {
    }

    /// @param a [T, A]
    /// @param b [T, B]
    /// @return [T, A+B]
    public static Tensor apply(Pass pass, Tensor a, Tensor b) {
        Shapes.rows("second part", b, a.rows());
        long width = (long) a.columns() + b.columns();
        Tensor y = pass.take(a.rows(), width);
        Elementwise elementwise = pass.kernels().elementwise();
        elementwise.copy(y.columnRange(0, a.columns()), a);
        elementwise.copy(y.columnRange(a.columns(), width), b);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor da = pass.gradient(a);
            Tensor db = pass.gradient(b);
            elementwise.add(da, da, dy.columnRange(0, a.columns()), 1);
            elementwise.add(db, db, dy.columnRange(a.columns(), width), 1);
        });
        return y;
    }
}
