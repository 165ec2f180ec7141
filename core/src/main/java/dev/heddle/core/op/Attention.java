package dev.heddle.core.op;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Softmax attention over a sequence's past; the equation stands at [dev.heddle.core.kernel.Attention].
public final class Attention {
    private Attention() {
    }

    /// Stores `k` and `v` and attends to everything stored.
    ///
    /// @param q  [T, H·K]
    /// @param k  [T, kvHeads·K]
    /// @param v  [T, kvHeads·V]
    /// @param kv number of the layer's keys and values
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Tensor q, Tensor k, Tensor v, int kv) {
        Shapes.columns("keys", k, (long) shape.kvHeads() * shape.headDim());
        Shapes.columns("values", v, (long) shape.kvHeads() * shape.valueDim());
        KeyValues cache = pass.states().keyValues(kv);
        pass.kernels().attention().append(cache, k, v, pass.segments());
        return toStored(pass, shape, q, kv);
    }

    /// Attends to keys and values that another layer of this pass has stored.
    public static Tensor toStored(Pass pass, Shape shape, Tensor q, int kv) {
        Shapes.columns("queries", q, (long) shape.heads() * shape.headDim());
        Gradients.unavailable(pass, "Attention");
        Tensor y = pass.take(q.rows(), (long) shape.heads() * shape.valueDim());
        pass.kernels().attention().forward(shape, y, q, pass.states().keyValues(kv), pass.segments());
        return y;
    }
}
