package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.MatrixWkv;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [MatrixWkv] on the Vector API, step by step: one pass over a head's state for each row, threads over heads.
public final class VectorMatrixWkv implements MatrixWkv {
    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorMatrixWkv(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor r, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor state,
            Segments segments) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            long bytes = 4L * Rows.padded(keys);
            long u = scratch.get().address(3 * bytes);
            long change = u + bytes;
            for (int i = from; i < to; i++) {
                int s = i / shape.heads();
                int h = i % shape.heads();
                long memory = state.address(segments.slots()[s]) + 4L * h * keys * values;
                PerKey.copy(u, bonus, 0, h, shape.heads(), keys);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    boolean fixed = logDecay.elements() == logDecay.columns();
                    if (!fixed || t == segments.start(s)) {
                        PerKey.copy(change, logDecay, fixed ? 0 : t, h, shape.heads(), keys);
                        Decays.expMinusOne(change, keys, change + bytes);
                    }
                    long out = y.address(t) + 4L * h * values;
                    long key = k.address(t) + 4L * h * keys;
                    long receptance = r.address(t) + 4L * h * keys;
                    long value = v.address(t) + 4L * h * values;
                    MatrixState.advance(memory, keys, values, change, key, value, receptance, true, out);
                    Rows.add(out, value, values, weight(receptance, u, key, keys));
                }
            }
        });
    }

    /// Σ_i r[i]·u[i]·k[i].
    static float weight(long r, long u, long k, int keys) {
        float sum = 0;
        for (int i = 0; i < keys; i++) {
            sum = Math.fma(Memory.f32(r + 4L * i) * Memory.f32(u + 4L * i), Memory.f32(k + 4L * i), sum);
        }
        return sum;
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor r, Tensor k, Tensor v, Tensor logDecay,
            Tensor bonus, Tensor initialState, Segments segments) {
        MatrixWkvBackward backward = new MatrixWkvBackward(shape, gradients, dy, r, k, v, logDecay, bonus, initialState, segments);
        workers.forRange(shape.heads(), 1, (from, to) -> {
            for (int h = from; h < to; h++) {
                backward.head(scratch.get(), h);
            }
        });
    }
}
