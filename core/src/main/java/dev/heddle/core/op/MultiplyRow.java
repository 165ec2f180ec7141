package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t,d] = x[t,d] · row[d]. Backward: dx += dy ⊙ row, dRow += Σ_t dy[t] ⊙ x[t].
public final class MultiplyRow {
    private MultiplyRow() {
    }

    /// @param x   [T, D]
    /// @param row [D]
    /// @return [T, D]
    public static Tensor apply(Pass pass, Tensor x, Tensor row) {
        Shapes.elements("row of factors", row, x.columns());
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().elementwise().multiplyRow(y, x, row);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor product = pass.take(x.rows(), x.columns());
            pass.kernels().elementwise().multiplyRow(product, dy, row);
            Tensor dx = pass.gradient(x);
            pass.kernels().elementwise().add(dx, dx, product, 1);
            pass.kernels().elementwise().multiply(product, dy, x);
            pass.kernels().elementwise().sumRows(pass.gradient(row), product);
        });
        return y;
    }
}
