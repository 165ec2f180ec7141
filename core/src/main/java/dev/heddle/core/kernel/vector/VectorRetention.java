package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Retention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Retention] on the Vector API: one pass over a head's state for a segment of one row, the chunkwise form of the paper's
/// section 2.2 for longer ones, as written at [DecayBlock] with the same decay in every row. Threads take heads.
public final class VectorRetention implements Retention {
    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorRetention(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments) {
        Blocks blocks = Blocks.of(segments, Decays.BLOCK, Decays.BLOCK);
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                int segment = i / shape.heads();
                int head = i % shape.heads();
                if (segments.length(segment) == 1) {
                    step(shape, y, q, k, v, state, segments, segment, head);
                } else if (segments.length(segment) > 1) {
                    segment(shape, y, q, k, v, state, segments, blocks, segment, head);
                }
            }
        });
    }

    private void step(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments, int segment,
            int head) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        int t = segments.start(segment);
        long change = scratch.get().address(4L * keys);
        fill(change, keys, (float) Math.expm1(shape.logDecay()[head]));
        long out = y.address(t) + 4L * head * values;
        MatrixState.advance(state.address(segments.slots()[segment]) + 4L * head * keys * values, keys, values, change,
                k.address(t) + 4L * head * keys, v.address(t) + 4L * head * values, q.address(t) + 4L * head * keys, false, out);
        Rows.scale(out, out, values, (float) shape.rowScale(head, segments.positions()[segment]));
    }

    private static void fill(long to, int count, float value) {
        for (int i = 0; i < count; i++) {
            Memory.f32(to + 4L * i, value);
        }
    }

    private void segment(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Tensor state, Segments segments, Blocks blocks,
            int segment, int head) {
        int keys = shape.keyDim();
        int values = shape.valueDim();
        int padded = Rows.padded(values);
        long sums = scratch.get().address(DecayBlock.SUMS_BYTES + Decays.BLOCK * Decays.ROW + DecayBlock.bytes(padded) + 4L * keys * padded);
        long scores = sums + DecayBlock.SUMS_BYTES;
        long memory = scores + Decays.BLOCK * Decays.ROW;
        DecayBlock matrices = new DecayBlock(memory, padded);
        long home = state.address(segments.slots()[segment]) + 4L * head * keys * values;
        long s = values == padded ? home : memory + DecayBlock.bytes(padded);
        if (s != home) {
            Rows.pad(s, home, 4L * values, keys, values);
        }
        matrices.decays(shape.logDecay()[head]);
        long offset = segments.positions()[segment] - segments.start(segment);
        for (int block = blocks.first()[segment]; block < blocks.first()[segment + 1]; block++) {
            int from = blocks.from()[block];
            int rows = blocks.rows(block);
            long query = q.address(from) + 4L * head * keys;
            long key = k.address(from) + 4L * head * keys;
            DecayBlock.scores(scores, query, q.rowBytes(), key, k.rowBytes(), rows, keys, sums);
            for (int t = 0; t < rows; t++) {
                Rows.scaled(matrices.u(t), v.address(from + t) + 4L * head * values, values, 1);
            }
            matrices.run(s, keys, rows, query, q.rowBytes(), key, k.rowBytes(), scores);
            for (int t = 0; t < rows; t++) {
                Rows.scale(y.address(from + t) + 4L * head * values, matrices.y(t), values,
                        (float) shape.rowScale(head, offset + from + t));
            }
        }
        if (s != home) {
            Rows.unpad(home, s, 4L * values, keys, values);
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor q, Tensor k, Tensor v, Tensor initialState,
            Segments segments) {
        RetentionBackward backward = new RetentionBackward(shape, gradients, dy, q, k, v, initialState, segments);
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.head(scratch.get(), i / shape.heads(), i % shape.heads());
            }
        });
    }
}
