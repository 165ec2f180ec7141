package dev.heddle.core.op;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// Softmax attention over a sequence's past; the equations stand at [dev.heddle.core.kernel.Attention]. The backward
/// reads the keys and values where the forward stored them, so a pass's gradient is taken before the next pass.
public final class Attention {
    /// Keys and values a layer has stored: those of this pass's rows, where gradients flow to, and the memory of all
    /// positions that holds them.
    ///
    /// @param keys   [T, kvHeads·K] of this pass; read by the backward alone
    /// @param values [T, kvHeads·V] of this pass; read by the backward alone
    public record Stored(Tensor keys, Tensor values, KeyValues memory) {
        /// The same values under some of the keys' columns (one of differential attention's two sets).
        public Stored keyColumns(long from, long to) {
            return new Stored(keys.columnRange(from, to), values, new KeyValues(memory.keys().columnRange(from, to),
                    memory.values(), memory.pages(), memory.pageRows()));
        }
    }

    private Attention() {
    }

    /// Stores the keys and values of the rows of this pass.
    ///
    /// @param k  [T, kvHeads·K]
    /// @param v  [T, kvHeads·V]
    /// @param kv number of the layer's keys and values
    public static Stored store(Pass pass, Tensor k, Tensor v, int kv) {
        Shapes.rows("values", v, k.rows());
        KeyValues memory = pass.states().keyValues(kv);
        pass.kernels().attention().append(memory, k, v, pass.segments());
        return new Stored(k, v, memory);
    }

    /// Attends to what is stored.
    ///
    /// @param q [T, H·K]
    /// @return [T, H·V]
    public static Tensor apply(Pass pass, Shape shape, Tensor q, Stored stored) {
        Shapes.columns("queries", q, (long) shape.heads() * shape.headDim());
        Shapes.columns("keys", stored.keys(), (long) shape.kvHeads() * shape.headDim());
        Shapes.columns("values", stored.values(), (long) shape.kvHeads() * shape.valueDim());
        Tensor y = pass.take(q.rows(), (long) shape.heads() * shape.valueDim());
        pass.kernels().attention().forward(shape, y, q, stored.memory(), pass.segments());
        pass.record(() -> pass.kernels().attention().backward(shape, pass.gradient(q), pass.gradient(stored.keys()),
                pass.gradient(stored.values()), pass.gradient(y), y, q, stored.memory(), pass.segments()));
        return y;
    }
}
