package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [LinearAttention] on the Vector API, step by step, so that it does not matter where a pass ends: one pass over a head's
/// sums for each row, threads over heads.
public final class VectorLinearAttention implements LinearAttention {
    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorLinearAttention(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            long change = scratch.get().address(4L * keys);
            for (int i = 0; i < keys; i++) {
                Memory.f32(change + 4L * i, 0); // nothing decays
            }
            for (int i = from; i < to; i++) {
                int s = i / shape.heads();
                int h = i % shape.heads();
                long sums = state.address(segments.slots()[s]) + 4L * h * keys * values;
                long keySums = state.address(segments.slots()[s]) + 4L * (shape.heads() * keys * values + h * keys);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    long key = k.address(t) + 4L * h * keys;
                    long query = q.address(t) + 4L * h * keys;
                    long out = y.address(t) + 4L * h * values;
                    MatrixState.advance(sums, keys, values, change, key, v.address(t) + 4L * h * values, query, false, out);
                    Rows.add(keySums, key, keys, 1);
                    if (shape.normalised()) {
                        divide(out, values, divisor(query, keySums, keys, shape.epsilon()));
                    }
                }
            }
        });
    }

    private static float divisor(long q, long z, int keys, float epsilon) {
        float sum = epsilon;
        for (int i = 0; i < keys; i++) {
            sum = Math.fma(Memory.f32(q + 4L * i), Memory.f32(z + 4L * i), sum);
        }
        return sum;
    }

    private static void divide(long y, int values, float divisor) {
        for (int j = 0; j < values; j++) {
            Memory.f32(y + 4L * j, Memory.f32(y + 4L * j) / divisor);
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments) {
        LinearAttentionBackward backward = new LinearAttentionBackward(shape, gradients, dy, q, k, v, initialState, segments);
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.head(scratch.get(), i / shape.heads(), i % shape.heads());
            }
        });
    }
}
