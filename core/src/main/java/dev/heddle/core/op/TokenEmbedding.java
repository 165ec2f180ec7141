package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// y[t] = scale·table[id[t]]. Backward: dTable[id[t]] += scale·dy[t].
///
/// Rows at the start of a sequence that are no tokens take the meta tokens in order, unscaled.
public final class TokenEmbedding {
    private TokenEmbedding() {
    }

    /// @param table [V, D]
    /// @param meta  [M, D], rows before the tokens of each sequence
    /// @return [T, D]
    /// @throws IllegalArgumentException for an id outside the vocabulary
    public static Tensor apply(Pass pass, Tensor table, Optional<Tensor> meta, double scale) {
        for (int id : pass.ids()) {
            if (id < 0 || id >= table.rows()) {
                throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + table.rows());
            }
        }
        Tensor y = pass.takeLasting(pass.rows(), table.columns());
        if (meta.isEmpty()) {
            rows(pass, y, table, pass.ids(), scale);
            return y;
        }
        int token = 0;
        for (int s = 0; s < pass.segments().count(); s++) {
            int first = pass.segments().start(s) + pass.prologue(s);
            int end = pass.segments().end(s);
            rows(pass, y.rowRange(pass.segments().start(s), first), meta.get(),
                    IntStream.range(0, pass.prologue(s)).toArray(), 1);
            rows(pass, y.rowRange(first, end), table, Arrays.copyOfRange(pass.ids(), token, token + end - first), scale);
            token += end - first;
        }
        return y;
    }

    private static void rows(Pass pass, Tensor y, Tensor table, int[] ids, double scale) {
        if (ids.length == 0) {
            return;
        }
        pass.kernels().embedding().gather(y, table, ids, (float) scale);
        pass.record(() -> {
            if (pass.tape().wants(table)) {
                pass.kernels().embedding().gatherGradient(pass.gradient(table), pass.gradient(y), ids, (float) scale);
            }
        });
    }
}
