package dev.heddle.core.op;

import dev.heddle.core.kernel.Retention.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Multi-scale retention; the equations stand at [dev.heddle.core.kernel.Retention].
public final class Retention {
    private Retention() {
    }

    /// @param q, k  [T, H·K]
    /// @param v     [T, H·V]
    /// @param state number of the recurrent state of H·K·V elements
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Tensor q, Tensor k, Tensor v, int state) {
        Shapes.columns("query", q, (long) shape.heads() * shape.keyDim());
        Shapes.same("key", k, q);
        Shapes.columns("value", v, (long) shape.heads() * shape.valueDim());
        Tensor y = pass.take(q.rows(), v.columns());
        RecurrentState memory = RecurrentState.of(pass, state);
        Tensor before = SavedState.of(pass, memory.memory());
        pass.kernels().retention().forward(shape, y, q, k, v, memory.memory(), memory.segments());
        memory.keep();
        pass.record(() -> pass.kernels().retention().backward(shape,
                new dev.heddle.core.kernel.Retention.Gradients(pass.gradient(q), pass.gradient(k), pass.gradient(v)),
                pass.gradient(y), q, k, v, before, pass.segments()));
        return y;
    }
}
