package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t] = scale·table[id[t]]. Backward: dTable[id[t]] += scale·dy[t].
public final class TokenEmbedding {
    private TokenEmbedding() {
    }

    /// @param table [V, D]
    /// @return [T, D]
    /// @throws IllegalArgumentException for an id outside the vocabulary
    public static Tensor apply(Pass pass, Tensor table, double scale) {
        for (int id : pass.ids()) {
            if (id < 0 || id >= table.rows()) {
                throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + table.rows());
            }
        }
        Tensor y = pass.takeLasting(pass.rows(), table.columns());
        pass.kernels().embedding().gather(y, table, pass.ids(), (float) scale);
        pass.record(() -> pass.kernels().embedding().gatherGradient(pass.gradient(table), pass.gradient(y), pass.ids(),
                (float) scale));
        return y;
    }
}
