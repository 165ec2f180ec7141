package dev.heddle.core.op;

import dev.heddle.core.kernel.BidirectionalAttention.Shape;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Softmax attention among the rows of each sequence; the equation stands at
/// [dev.heddle.core.kernel.BidirectionalAttention].
public final class BidirectionalAttention {
    private BidirectionalAttention() {
    }

    /// @param q, k, v [T, H·K]
    /// @return [T, H·K]
    public static Tensor apply(Pass pass, Shape shape, Tensor q, Tensor k, Tensor v) {
        Shapes.columns("queries", q, (long) shape.heads() * shape.headDim());
        Shapes.same("keys", k, q);
        Shapes.same("values", v, q);
        Tensor y = pass.take(q.rows(), q.columns());
        pass.kernels().bidirectionalAttention().forward(shape, y, q, k, v, pass.segments());
        pass.record(() -> pass.kernels().bidirectionalAttention().backward(shape, pass.gradient(q), pass.gradient(k),
                pass.gradient(v), pass.gradient(y), q, k, v, pass.segments()));
        return y;
    }
}
