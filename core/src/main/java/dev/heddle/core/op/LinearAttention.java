package dev.heddle.core.op;

import dev.heddle.core.kernel.LinearAttention.Gradients;
import dev.heddle.core.kernel.LinearAttention.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Causal linear attention; the equations stand at [dev.heddle.core.kernel.LinearAttention].
public final class LinearAttention {
    private LinearAttention() {
    }

    /// @param q, k  [T, H·K], after their feature map
    /// @param v     [T, H·V]
    /// @param state number of the recurrent state of `shape.stateElements()` elements
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Tensor q, Tensor k, Tensor v, int state) {
        Shapes.columns("query", q, (long) shape.heads() * shape.keyDim());
        Shapes.same("key", k, q);
        Shapes.columns("value", v, (long) shape.heads() * shape.valueDim());
        Tensor y = pass.take(q.rows(), v.columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().linearAttention().forward(shape, y, q, k, v, memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().linearAttention().backward(shape,
                new Gradients(pass.gradient(q), pass.gradient(k), pass.gradient(v)), pass.gradient(y), q, k, v, before,
                pass.segments()));
        return y;
    }
}
