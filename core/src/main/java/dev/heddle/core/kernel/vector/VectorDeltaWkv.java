package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.plain.PlainDeltaWkv;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [DeltaWkv] on the Vector API, step by step: for each row a pass over a head's state that reads what it holds under the
/// removal key, and one that replaces it; threads over heads. The gradients are the plain ones.
public final class VectorDeltaWkv implements DeltaWkv {
    private final Workers workers;
    private final DeltaWkv plain = new PlainDeltaWkv();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorDeltaWkv(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Inputs in, Tensor state, Segments segments) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            long bytes = 4L * Rows.padded(keys);
            long change = scratch.get().address(2 * bytes + 4L * values);
            long other = change + bytes;
            long held = other + bytes;
            for (int i = from; i < to; i++) {
                int s = i / shape.heads();
                int h = i % shape.heads();
                long memory = state.address(segments.slots()[s]) + 4L * h * keys * values;
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    long at = 4L * h * keys;
                    long removal = in.removal().address(t) + at;
                    PerKey.copy(change, in.logDecay(), t, h, shape.heads(), keys);
                    Decays.expMinusOne(change, keys, other);
                    multiply(other, removal, in.rate().address(t) + at, keys);
                    MatrixState.read(memory, keys, values, removal, held);
                    MatrixState.replace(memory, keys, values, change, in.k().address(t) + at,
                            in.v().address(t) + 4L * h * values, other, held, in.r().address(t) + at,
                            y.address(t) + 4L * h * values);
                }
            }
        });
    }

    private static void multiply(long to, long a, long b, int count) {
        for (int i = 0; i < count; i++) {
            Memory.f32(to + 4L * i, Memory.f32(a + 4L * i) * Memory.f32(b + 4L * i));
        }
    }

    @Override
    public void backward(Shape shape, Inputs gradients, Tensor dy, Inputs inputs, Tensor initialState, Segments segments) {
        plain.backward(shape, gradients, dy, inputs, initialState, segments);
    }

    @Override
    public void bonus(Shape shape, Tensor y, Tensor x, Tensor r, Tensor k, Tensor v, Tensor bonus) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        workers.forRange(y.rows(), 4, (from, to) -> {
            for (int t = from; t < to; t++) {
                for (int h = 0; h < shape.heads(); h++) {
                    long at = 4L * h * keys;
                    float weight = VectorMatrixWkv.weight(r.address(t) + at, bonus.address() + at, k.address(t) + at, keys);
                    long out = y.address(t) + 4L * h * values;
                    Rows.scale(out, x.address(t) + 4L * h * values, values, 1);
                    Rows.add(out, v.address(t) + 4L * h * values, values, weight);
                }
            }
        });
    }

    @Override
    public void bonusGradient(Shape shape, Tensor dr, Tensor dk, Tensor dv, Tensor dBonus, Tensor dy, Tensor r, Tensor k,
            Tensor v, Tensor bonus) {
        plain.bonusGradient(shape, dr, dk, dv, dBonus, dy, r, k, v, bonus);
    }
}
