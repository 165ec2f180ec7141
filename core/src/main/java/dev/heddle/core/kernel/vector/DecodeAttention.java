package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.ScoreRow.BLOCK;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Attention of one position: its queries that share a key/value head, over one part of the context. Parts begin at
/// absolute positions, so that their cut does not depend on threads; [#combine] puts them together in order.
///
/// A part's scores are all computed before their softmax: first its keys pass by, then its values, each once for all queries
/// and as one stream. Types other than f32 are expanded a block of 64 positions at a time.
final class DecodeAttention {
    /// Positions of a part.
    static final int PART = 512;

    /// Floats before a query's gathered values: m and l of [ScoreRow], aligned.
    private static final int STATE = 16;

    private final Shape shape;
    private final Tensor q;
    private final KeyValues cache;
    private final int slot;
    private final int row;
    private final long position;
    private final int group;
    private final int keyWidth;
    private final int valueWidth;

    // addresses in scratch memory
    private long queries;
    private long scores;
    private long sums;
    private long expanded;
    private long edge;

    DecodeAttention(Shape shape, Tensor q, KeyValues cache, int slot, int row, long position) {
        this.shape = shape;
        this.q = q;
        this.cache = cache;
        this.slot = slot;
        this.row = row;
        this.position = position;
        group = shape.heads() / shape.kvHeads();
        keyWidth = AttentionBlock.padded(shape.headDim());
        valueWidth = AttentionBlock.padded(shape.valueDim());
    }

    static int parts(long position) {
        return (int) (position / PART) + 1;
    }

    /// Bytes of one query's result of one part.
    static long partialBytes(Shape shape) {
        return 4L * (STATE + AttentionBlock.padded(shape.valueDim()));
    }

    private void lay(Scratch memory) {
        long queryBytes = 4L * group * keyWidth;
        long scoreBytes = 4L * group * PART;
        long expandedBytes = 4L * BLOCK * Math.max(keyWidth, valueWidth);
        queries = memory.address(queryBytes + scoreBytes + KeyTile.SUM_BYTES + expandedBytes + GradientTile.EDGE_BYTES);
        scores = queries + queryBytes;
        sums = scores + scoreBytes;
        expanded = sums + KeyTile.SUM_BYTES;
        edge = expanded + expandedBytes;
    }

    /// Queries of key/value head `g` over part `part`; the result of its query j lies at `partial + j·partialBytes`.
    void run(int g, int part, long partial, Scratch memory) {
        lay(memory);
        for (int j = 0; j < group; j++) {
            long to = queries + 4L * j * keyWidth;
            Arithmetic.scale(to, q.address(row) + 4L * (g * group + j) * shape.headDim(), shape.scale(), shape.headDim());
            ConvolutionRows.zero(to + 4L * shape.headDim(), keyWidth - shape.headDim());
            long result = partial + j * partialBytes(shape);
            Memory.f32(result, Float.NEGATIVE_INFINITY);
            Memory.f32(result + 4, 0);
            ConvolutionRows.zero(result + 4L * STATE, shape.valueDim());
        }
        long begin = (long) part * PART;
        long end = Math.min(position + 1, begin + PART);
        long first = ScoreRow.firstBlock(shape, position);
        long start = begin >= shape.sinks() ? Math.max(begin, first) : begin;
        if (start >= end) {
            return;
        }
        int count = Math.ceilDiv((int) (end - begin), BLOCK) * BLOCK;
        if (shape.window() > 0) {
            hideAll(count);
        }
        for (long block = start; block < end; block = ScoreRow.nextBlock(shape, block, first)) {
            keys(g, block, (int) (block - begin));
        }
        for (int j = 0; j < group; j++) {
            ScoreRow.soften(scores + 4L * PART * j, count, partial + j * partialBytes(shape));
        }
        for (long block = start; block < end; block = ScoreRow.nextBlock(shape, block, first)) {
            values(g, block, scores + 4 * (block - begin), partial + 4L * STATE);
        }
    }

    private void hideAll(int count) {
        for (int j = 0; j < group; j++) {
            for (int i = 0; i < count; i++) {
                Memory.f32(scores + 4L * (PART * j + i), Float.NEGATIVE_INFINITY);
            }
        }
    }

    private void keys(int g, long start, int offset) {
        int n = ScoreRow.end(position, start);
        long from = expanded;
        long bytes = 4L * keyWidth;
        if (AttentionBlock.inPlace(cache, cache.keys(), shape.headDim())) {
            from = AttentionBlock.at(cache, cache.keys(), slot, start, g * shape.headDim());
            bytes = cache.keys().rowBytes();
        } else {
            AttentionBlock.rows(expanded, cache, cache.keys(), slot, start, n, g * shape.headDim(), shape.headDim());
        }
        for (int j = 0; j < group; j += 4) {
            long s = scores + 4L * (PART * j + offset);
            int some = Math.min(4, group - j);
            KeyTile.scores(s, 4L * PART, queries + 4L * keyWidth * j, 4L * keyWidth, some, from, bytes, n, keyWidth, sums);
            for (int i = 0; i < some; i++) {
                ScoreRow.bend(shape, s + 4L * PART * i, g * group + j + i, position, start);
            }
        }
    }

    private void values(int g, long start, long weights, long gathered) {
        int n = ScoreRow.end(position, start);
        long from = expanded;
        long bytes = 4L * valueWidth;
        if (AttentionBlock.inPlace(cache, cache.values(), shape.valueDim())) {
            from = AttentionBlock.at(cache, cache.values(), slot, start, g * shape.valueDim());
            bytes = cache.values().rowBytes();
        } else {
            AttentionBlock.rows(expanded, cache, cache.values(), slot, start, n, g * shape.valueDim(), shape.valueDim());
        }
        for (int d = 0; d < shape.valueDim(); d += COLUMNS) {
            GradientTile.rows(gathered + 4L * d, partialBytes(shape), group, weights, 4L * PART, 4, from + 4L * d, bytes, n,
                    Math.min(COLUMNS, shape.valueDim() - d), edge);
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
