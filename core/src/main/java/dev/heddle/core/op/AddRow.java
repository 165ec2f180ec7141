package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t,d] = x[t,d] + row[d]: a bias. Backward: dx += dy, dRow += Σ_t dy[t].
public final class AddRow {
    private AddRow() {
    }

    /// @param x   [T, D]; overwritten when there is no tape
    /// @param row [D]
    public static Tensor apply(Pass pass, Tensor x, Tensor row) {
        Shapes.elements("bias", row, x.columns());
        Tensor y = pass.taped() ? pass.take(x.rows(), x.columns()) : x;
        pass.kernels().elementwise().addRow(y, x, row);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            Tensor dx = pass.gradient(x);
            pass.kernels().elementwise().add(dx, dx, dy, 1);
            pass.kernels().elementwise().sumRows(pass.gradient(row), dy);
        });
        return y;
    }
}
