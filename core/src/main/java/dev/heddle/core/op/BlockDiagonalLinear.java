package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y[t, columns of h] = w_h · x[t, columns of h] (+ b): a linear map whose matrix is zero outside square blocks on its
/// diagonal.
///
/// Backward: that of [Linear] in each block.
public final class BlockDiagonalLinear {
    private BlockDiagonalLinear() {
    }

    /// @param x      [T, H·K]
    /// @param blocks H matrices [K, K], output-major
    /// @param bias   [H·K]
    /// @return [T, H·K]
    public static Tensor apply(Pass pass, Tensor x, Tensor[] blocks, Optional<Tensor> bias) {
        int width = blocks[0].rows();
        Shapes.columns("block-diagonal input", x, (long) blocks.length * width);
        Tensor y = pass.take(x.rows(), x.columns());
        for (int h = 0; h < blocks.length; h++) {
            Tensor w = blocks[h];
            Shapes.rows("block", w, width);
            Shapes.columns("block", w, width);
            Tensor in = x.columnRange((long) h * width, (h + 1L) * width);
            Tensor out = y.columnRange((long) h * width, (h + 1L) * width);
            pass.kernels().matrixProduct().product(out, in, w);
            pass.record(() -> {
                Tensor dy = pass.gradient(out);
                pass.kernels().matrixProduct().inputGradient(pass.gradient(in), dy, w);
                pass.kernels().matrixProduct().weightGradient(pass.gradient(w), dy, in);
            });
        }
        return bias.isEmpty() ? y : AddRow.apply(pass, y, bias.get());
    }
}
