package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[i] = x[rows[i]], or a row of zeros where rows[i] is negative: cutting an image into windows, turning a sequence
/// round. Backward: dx[rows[i]] += dy[i].
public final class ArrangeRows {
    private ArrangeRows() {
    }

    /// @param x    [T, D]
    /// @param rows fixed by the shapes alone, never by values
    /// @return [rows.length, D]
    public static Tensor apply(Pass pass, Tensor x, int[] rows) {
        for (int row : rows) {
            if (row >= x.rows()) {
                throw new IllegalArgumentException("row " + row + " of " + x);
            }
        }
        Tensor y = pass.take(rows.length, x.columns());
        pass.kernels().featureMaps().arrange(y, x, rows);
        pass.record(() -> pass.kernels().featureMaps().arrangeGradient(pass.gradient(x), pass.gradient(y), rows));
        return y;
    }
}
