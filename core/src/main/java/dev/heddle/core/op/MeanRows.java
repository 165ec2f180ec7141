package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[b] = mean of rows b·count to (b+1)·count. Backward: dx[t] += dy[t/count]/count.
public final class MeanRows {
    private MeanRows() {
    }

    /// @param x [B·count, D]
    /// @return [B, D]
    public static Tensor apply(Pass pass, Tensor x, int count) {
        if (count <= 0 || x.rows() % count != 0) {
            throw new IllegalArgumentException(x + " does not divide into groups of " + count + " rows");
        }
        Tensor y = pass.take(x.rows() / count, x.columns());
        pass.kernels().featureMaps().mean(y, x, count);
        pass.record(() -> pass.kernels().featureMaps().meanGradient(pass.gradient(x), pass.gradient(y), count));
        return y;
    }
}
