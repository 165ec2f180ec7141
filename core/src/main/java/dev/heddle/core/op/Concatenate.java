package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y[t] = [x_1[t], x_2[t], …], rows side by side.
///
/// Backward: each part takes its columns, dx_k += dy[:, columns of k].
public final class Concatenate {
    private Concatenate() {
    }

    /// @param parts [T, D_k] each
    /// @return [T, Σ D_k]
    public static Tensor apply(Pass pass, Tensor... parts) {
        if (parts.length == 1) {
            return parts[0];
        }
        long columns = 0;
        for (Tensor part : parts) {
            Shapes.rows("concatenated part", part, parts[0].rows());
            columns += part.columns();
        }
        Tensor y = pass.take(parts[0].rows(), columns);
        long from = 0;
        for (Tensor part : parts) {
            Tensor place = y.columnRange(from, from + part.columns());
            from += part.columns();
            pass.kernels().elementwise().copy(place, part);
            pass.record(() -> {
                Tensor dx = pass.gradient(part);
                pass.kernels().elementwise().add(dx, dx, pass.gradient(place), 1);
            });
        }
        return y;
    }
}
