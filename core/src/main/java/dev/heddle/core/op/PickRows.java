package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The rows that want logits, in a tensor of their own.
public final class PickRows {
    private PickRows() {
    }

    public static Tensor apply(Pass pass, Tensor x, int[] rows) {
        Tensor y = pass.take(rows.length, x.columns());
        pass.kernels().embedding().pick(y, x, rows);
        pass.record(() -> pass.kernels().embedding().pickGradient(pass.gradient(x), pass.gradient(y), rows));
        return y;
    }
}
