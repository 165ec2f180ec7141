package dev.heddle.core.op;

import dev.heddle.core.kernel.MatrixWkv.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// The matrix-valued state of RWKV-5 and RWKV-6; the equations stand at [dev.heddle.core.kernel.MatrixWkv].
public final class MatrixWkv {
    private MatrixWkv() {
    }

    /// @param r, k     [T, H·K]
    /// @param v        [T, H·V]
    /// @param logDecay [T, H·K], [H·K] or [H]
    /// @param bonus    [H·K] or [H]
    /// @param state    number of the recurrent state of H·K·V elements
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus,
            int state) {
        Shapes.columns("receptance", r, (long) shape.heads() * shape.keyDim());
        Shapes.same("key", k, r);
        Shapes.columns("value", v, (long) shape.heads() * shape.valueDim());
        if (logDecay.elements() != shape.heads() && logDecay.elements() != r.columns()) {
            Shapes.same("log decay", logDecay, r);
        }
        if (bonus.elements() != shape.heads()) {
            Shapes.elements("bonus", bonus, r.columns());
        }
        Tensor y = pass.take(r.rows(), v.columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().matrixWkv().forward(shape, y, r, k, v, logDecay, bonus, memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().matrixWkv().backward(shape,
                new dev.heddle.core.kernel.MatrixWkv.Gradients(pass.gradient(r), pass.gradient(k), pass.gradient(v),
                        pass.gradient(logDecay), pass.gradient(bonus)),
                pass.gradient(y), r, k, v, logDecay, bonus, before, pass.segments()));
        return y;
    }
}
