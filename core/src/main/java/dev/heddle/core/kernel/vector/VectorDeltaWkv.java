package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [DeltaWkv] on the Vector API, step by step: for each row a pass over a head's state that reads what it holds under the
/// removal key, and one that replaces it; threads over heads.
public final class VectorDeltaWkv implements DeltaWkv {
    private final Workers workers;
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
        DeltaWkvBackward backward = new DeltaWkvBackward(shape, gradients, dy, inputs, initialState, segments);
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.head(scratch.get(), i / shape.heads(), i % shape.heads());
            }
        });
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
        int keys = shape.keyDim();
        int values = shape.valueDim();
        workers.forRange(shape.heads(), 1, (from, to) -> {
            for (int h = from; h < to; h++) {
                long at = 4L * h * keys;
                long column = 4L * h * values;
                long u = bonus.address() + at;
                for (int t = 0; t < dy.rows(); t++) {
                    long rt = r.address(t) + at;
                    long kt = k.address(t) + at;
                    long out = dy.address(t) + column;
                    float along = Rows.dot(out, v.address(t) + column, values);
                    Rows.add(dv.address(t) + column, out, values, VectorMatrixWkv.weight(rt, u, kt, keys));
                    for (int i = 0; i < keys; i++) {
                        float receptance = along * Memory.f32(rt + 4L * i);
                        float key = Memory.f32(kt + 4L * i);
                        float weight = Memory.f32(u + 4L * i);
                        addProduct(dr.address(t) + at + 4L * i, along * key, weight);
                        addProduct(dk.address(t) + at + 4L * i, receptance, weight);
                        addProduct(dBonus.address() + at + 4L * i, receptance, key);
                    }
                }
            }
        });
    }

    private static void addProduct(long to, float a, float b) {
        Memory.f32(to, Math.fma(a, b, Memory.f32(to)));
    }
}
