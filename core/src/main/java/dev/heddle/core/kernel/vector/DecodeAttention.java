package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.KeyTile.KEYS;
import static dev.heddle.core.kernel.vector.ScoreRow.BLOCK;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.machine.MachineAttention;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Attention of one position: the queries of some key/value heads, over one part of the context. Parts begin at absolute
/// positions, so that their cut does not depend on threads; [#combine] puts them together in order.
///
/// A part's scores are all computed before their softmax: first its keys pass by, then its values, each once for all queries,
/// [KeyTile#KEYS] positions at a time. Rows hold all heads, and a head's few numbers of each are far apart: memory read so comes
/// at a third of its speed. So all of the rows are read in order first ([#touch]) and then, from the cache, head by head.
final class DecodeAttention {
    /// Positions of a part.
    static final int PART = 512;

    /// Floats from one query's scores to those of the next: as many as a part has, and a cache line, or else they would all share
    /// few places of the cache.
    private static final int SCORES = PART + 16;

    private static final int LINE = 64;

    /// Floats before a query's gathered values: m and l of [ScoreRow], aligned.
    private static final int STATE = 16;

    private final Shape shape;
    private final Tensor q;
    private final KeyValues cache;
    private final boolean machineCode;
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

    DecodeAttention(Shape shape, Tensor q, KeyValues cache, boolean machineCode, int slot, int row, long position) {
        this.shape = shape;
        this.q = q;
        this.cache = cache;
        this.machineCode = machineCode;
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

    private void lay(int span, Scratch memory) {
        long queryBytes = 4L * span * group * keyWidth;
        long scoreBytes = 4L * span * group * SCORES;
        long expandedBytes = 4L * KEYS * Math.max(keyWidth, valueWidth);
        queries = memory.address(queryBytes + scoreBytes + KeyTile.SUM_BYTES + expandedBytes + GradientTile.EDGE_BYTES);
        scores = queries + queryBytes;
        sums = scores + scoreBytes;
        expanded = sums + KeyTile.SUM_BYTES;
        edge = expanded + expandedBytes;
    }

    /// Queries of `span` key/value heads from `g` on over part `part`.
    ///
    /// @param partials results of the query heads of the first of these heads, [#partialBytes] apart
    /// @param next     from there to those of the next one
    void run(int g, int span, int part, long partials, long next, Scratch memory) {
        lay(span, memory);
        for (int j = 0; j < span * group; j++) {
            long to = queries + 4L * j * keyWidth;
            Arithmetic.scale(to, q.address(row) + 4L * (g * group + j) * shape.headDim(), shape.scale(), shape.headDim());
            ConvolutionRows.zero(to + 4L * shape.headDim(), keyWidth - shape.headDim());
            long result = result(partials, next, j);
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
            hideAll(span * group, count);
        }
        for (long block = start; block < end; block = ScoreRow.nextBlock(shape, block, first)) {
            keys(g, span, block, (int) (block - begin));
        }
        for (int j = 0; j < span * group; j++) {
            ScoreRow.soften(scores + 4L * SCORES * j, count, result(partials, next, j));
        }
        for (long block = start; block < end; block = ScoreRow.nextBlock(shape, block, first)) {
            values(g, span, block, scores + 4 * (block - begin), partials, next);
        }
    }

    private long result(long partials, long next, int query) {
        return partials + query / group * next + query % group * partialBytes(shape);
    }

    private void hideAll(int rows, int count) {
        for (int j = 0; j < rows; j++) {
            for (int i = 0; i < count; i++) {
                Memory.f32(scores + 4L * (SCORES * j + i), Float.NEGATIVE_INFINITY);
            }
        }
    }

    private void keys(int g, int span, long start, int offset) {
        int n = ScoreRow.end(position, start);
        boolean stored = readsStored(cache.keys(), shape.headDim(), start);
        boolean inPlace = stored || AttentionBlock.inPlace(cache, cache.keys(), shape.headDim());
        long bytes = inPlace ? cache.keys().rowBytes() : 4L * keyWidth;
        for (int i = 0; i < n; i += KEYS) {
            int some = Math.min(KEYS, n - i);
            touch(cache.keys(), span, start + i, some);
            for (int h = 0; h < span; h++) {
                int column = (g + h) * shape.headDim();
                long from = inPlace ? AttentionBlock.at(cache, cache.keys(), slot, start + i, column)
                        : expanded(cache.keys(), start + i, some, column, shape.headDim());
                if (stored) {
                    MachineAttention.scores(scores + 4L * (SCORES * h * group + offset + i), 4 * SCORES,
                            queries + 4L * keyWidth * h * group, 4 * keyWidth, group, cache.keys().dtype(), from, bytes, some, shape.headDim());
                    continue;
                }
                for (int j = h * group; j < (h + 1) * group; j += 4) {
                    KeyTile.scores(scores + 4L * (SCORES * j + offset + i), 4L * SCORES, queries + 4L * keyWidth * j, 4L * keyWidth,
                            Math.min(4, (h + 1) * group - j), from, bytes, some, keyWidth, sums);
                }
            }
        }
        for (int j = 0; j < span * group; j++) {
            ScoreRow.bend(shape, scores + 4L * (SCORES * j + offset), g * group + j, position, start);
        }
    }

    private void values(int g, int span, long start, long weights, long partials, long next) {
        int n = ScoreRow.end(position, start);
        boolean stored = readsStored(cache.values(), shape.valueDim(), start);
        boolean inPlace = stored || AttentionBlock.inPlace(cache, cache.values(), shape.valueDim());
        long bytes = inPlace ? cache.values().rowBytes() : 4L * valueWidth;
        for (int i = 0; i < n; i += KEYS) {
            int some = Math.min(KEYS, n - i);
            touch(cache.values(), span, start + i, some);
            for (int h = 0; h < span; h++) {
                int column = (g + h) * shape.valueDim();
                long from = inPlace ? AttentionBlock.at(cache, cache.values(), slot, start + i, column)
                        : expanded(cache.values(), start + i, some, column, shape.valueDim());
                if (stored) {
                    MachineAttention.values(partials + h * next + 4L * STATE, partialBytes(shape),
                            weights + 4L * (SCORES * h * group + i), 4 * SCORES, group, cache.values().dtype(), from, bytes, some, shape.valueDim());
                    continue;
                }
                for (int d = 0; d < shape.valueDim(); d += COLUMNS) {
                    GradientTile.rows(partials + h * next + 4L * (STATE + d), partialBytes(shape), group,
                            weights + 4L * (SCORES * h * group + i), 4L * SCORES, 4, from + 4L * d, bytes, some,
                            Math.min(COLUMNS, shape.valueDim() - d), edge);
                }
            }
        }
    }

    /// Whether the rows of the block at `start` are read as they are stored.
    private boolean readsStored(Tensor rows, int width, long start) {
        return machineCode && MachineAttention.reads(rows.dtype(), width) && AttentionBlock.together(cache) && cache.holds(slot, start);
    }

    /// Reads `n` positions of all heads, if they are all worked on: one number of each cache line.
    ///
    /// In a loop that does nothing else the processor asks for many lines at once. Among sixty instructions a line, as between two lines of
    /// the tiles, it asks for few.
    private void touch(Tensor rows, int span, long start, int n) {
        if (span < shape.kvHeads() || !cache.holds(slot, start) || !AttentionBlock.together(cache)) {
            return;
        }
        long from = AttentionBlock.at(cache, rows, slot, start, 0);
        long bytes = n * rows.rowBytes();
        long all = 0;
        for (long i = 0; i < bytes; i += LINE) {
            all |= Memory.i8(from + i);
        }
        Memory.i64(edge, all); // or the compiler removes the reads
    }

    /// Some columns of `n` positions as f32 in scratch memory.
    private long expanded(Tensor rows, long start, int n, int column, int width) {
        AttentionBlock.rows(expanded, cache, rows, slot, start, n, column, width);
        return expanded;
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
