package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.ScoreRow.BLOCK;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Attention of one position: its queries that share a key/value head, over one part of the context. Parts begin at
/// absolute positions, so that their cut does not depend on threads; [#combine] puts them together in order.
final class DecodeAttention {
    /// Positions of a part.
    static final int PART = 2048;

    /// Floats before a query's gathered values: m and l of [ScoreRow], aligned.
    private static final int STATE = 16;

    private final Shape shape;
    private final Tensor q;
    private final KeyValues cache;
    private final int slot;
    private final int row;
    private final long position;
    private final int group;
    private final int lanes;

    DecodeAttention(Shape shape, Tensor q, KeyValues cache, int slot, int row, long position) {
        this.shape = shape;
        this.q = q;
        this.cache = cache;
        this.slot = slot;
        this.row = row;
        this.position = position;
        group = shape.heads() / shape.kvHeads();
        lanes = Math.ceilDiv(shape.headDim(), Lanes.COUNT) * Lanes.COUNT;
    }

    static int parts(long position) {
        return (int) (position / PART) + 1;
    }

    /// Bytes of one query's result of one part.
    static long partialBytes(Shape shape) {
        return 4L * (STATE + AttentionBlock.padded(shape.valueDim()));
    }

    private static long scratchBytes(Shape shape, int group, int lanes) {
        return 4L * (group * lanes + (group + 4) * BLOCK + BLOCK * lanes + BLOCK * COLUMNS)
                + LaneSums.BYTES + GradientTile.EDGE_BYTES;
    }

    /// Queries of key/value head `g` over part `part`; the result of its query j lies at `partial + j·partialBytes`.
    void run(int g, int part, long partial, Scratch memory) {
        long bytes = partialBytes(shape);
        for (int j = 0; j < group; j++) {
            Memory.f32(partial + j * bytes, Float.NEGATIVE_INFINITY);
            Memory.f32(partial + j * bytes + 4, 0);
            ConvolutionRows.zero(partial + j * bytes + 4L * STATE, shape.valueDim());
        }
        long queries = memory.address(scratchBytes(shape, group, lanes));
        long scores = queries + 4L * group * lanes;
        long keys = scores + 4L * (group + 4) * BLOCK;
        for (int j = 0; j < group; j++) {
            long to = queries + 4L * j * lanes;
            Memory.copy(to, q.address(row) + 4L * (g * group + j) * shape.headDim(), 4L * shape.headDim());
            ConvolutionRows.zero(to + 4L * shape.headDim(), lanes - shape.headDim());
        }
        long end = Math.min(position + 1, (part + 1L) * PART);
        long first = ScoreRow.firstBlock(shape, position);
        long start = (long) part * PART;
        start = start >= shape.sinks() ? Math.max(start, first) : start;
        for (; start < end; start = ScoreRow.nextBlock(shape, start, first)) {
            int n = ScoreRow.end(position, start);
            scores(g, start, n, queries, scores, keys);
            for (int j = 0; j < group; j++) {
                long s = scores + 4L * BLOCK * j;
                ScoreRow.finish(shape, s, g * group + j, position, start);
                ScoreRow.weigh(s, partial + j * bytes, partial + j * bytes + 4L * STATE, shape.valueDim());
            }
            values(g, start, n, scores, partial + 4L * STATE, keys + 4L * BLOCK * lanes);
        }
    }

    private void scores(int g, long start, int n, long queries, long scores, long keys) {
        int column = g * shape.headDim();
        long sums = keys + 4L * BLOCK * (lanes + COLUMNS);
        long from = keys;
        long bytes = 4L * lanes;
        if (lanes == shape.headDim() && AttentionBlock.inPlace(cache, cache.keys())) {
            from = AttentionBlock.at(cache, cache.keys(), slot, start, column);
            bytes = cache.keys().rowBytes();
        } else {
            AttentionBlock.rows(keys, bytes, cache, cache.keys(), slot, start, n, column, shape.headDim());
        }
        for (int j = 0; j < group; j += 4) {
            long q0 = queries + 4L * lanes * j;
            long s = scores + 4L * BLOCK * j;
            if (group - j == 1) {
                for (int i = 0; i < n; i += 16) {
                    KeyTile.sixteen(s + 4L * i, q0, from + i * bytes, bytes, lanes, sums);
                }
            } else {
                long q1 = q0 + 4L * lanes;
                long q2 = queries + 4L * lanes * Math.min(j + 2, group - 1);
                long q3 = queries + 4L * lanes * Math.min(j + 3, group - 1);
                for (int i = 0; i < n; i += 4) {
                    KeyTile.four(s + 4L * i, 4L * BLOCK, q0, q1, q2, q3, from + i * bytes, bytes, lanes, sums);
                }
            }
        }
    }

    private void values(int g, long start, int n, long weights, long gathered, long panel) {
        long edge = panel + 4L * BLOCK * COLUMNS + LaneSums.BYTES;
        for (int d = 0; d < shape.valueDim(); d += COLUMNS) {
            int columns = Math.min(COLUMNS, shape.valueDim() - d);
            int column = g * shape.valueDim() + d;
            long from = panel;
            long bytes = 4L * COLUMNS;
            if (columns == COLUMNS && AttentionBlock.inPlace(cache, cache.values())) {
                from = AttentionBlock.at(cache, cache.values(), slot, start, column);
                bytes = cache.values().rowBytes();
            } else {
                AttentionBlock.rows(panel, bytes, cache, cache.values(), slot, start, n, column, columns);
            }
            GradientTile.rows(gathered + 4L * d, partialBytes(shape), group, weights, 4L * BLOCK, 4, from, bytes, n, columns, edge);
        }
    }

    /// y[h] = Σ_p e^(m_p − m)·values_p / Σ_p e^(m_p − m)·l_p over the parts p of every query head.
    ///
    /// @param partials results of key/value head 0's part 0, then its part 1, …, then those of head 1
    void combine(Tensor y, long partials) {
        int parts = parts(position);
        long bytes = partialBytes(shape);
        for (int h = 0; h < shape.heads(); h++) {
            long to = y.address(row) + 4L * h * shape.valueDim();
            long first = partials + ((long) h / group * parts * group + h % group) * bytes;
            float max = Float.NEGATIVE_INFINITY;
            for (int p = 0; p < parts; p++) {
                max = Math.max(max, Memory.f32(first + p * group * bytes));
            }
            float sum = 0;
            ConvolutionRows.zero(to, shape.valueDim());
            for (int p = 0; p < parts; p++) {
                long at = first + p * group * bytes;
                float factor = VectorMath.exp(Memory.f32(at) - max);
                sum = Math.fma(factor, Memory.f32(at + 4), sum);
                Arithmetic.add(to, to, at + 4L * STATE, factor, shape.valueDim());
            }
            Arithmetic.scale(to, to, 1 / sum, shape.valueDim());
        }
    }
}
