package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.ScoreRow.BLOCK;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Backward of attention for the queries of one segment that share a key/value head, in blocks (Dao et al. 2022):
/// the scores of a block are computed again instead of kept, first for every query's m and l, then for the gradients.
/// The gradients of a key gather in the order of the rows.
final class AttentionGradient {
    /// Floats of a query's state: m and l of [ScoreRow], and dy·y.
    private static final int STATE = 3;

    private final Shape shape;
    private final Tensor dq;
    private final Tensor dk;
    private final Tensor dv;
    private final Tensor dy;
    private final Tensor y;
    private final Tensor q;
    private final KeyValues cache;
    private final int group;

    // addresses in scratch memory
    private long keys;
    private long keysAcross;
    private long valuesAcross;
    private long weights;
    private long slopes;
    private long states;
    private long packed;
    private long spare;
    private long edge;

    AttentionGradient(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor y, Tensor q, KeyValues cache) {
        this.shape = shape;
        this.dq = dq;
        this.dk = dk;
        this.dv = dv;
        this.dy = dy;
        this.y = y;
        this.q = q;
        this.cache = cache;
        group = shape.heads() / shape.kvHeads();
    }

    private void lay(int rows, Scratch memory) {
        long keyFloats = (long) BLOCK * AttentionBlock.padded(shape.headDim());
        long valueFloats = (long) BLOCK * AttentionBlock.padded(shape.valueDim());
        long scoreFloats = (long) BLOCK * rows * group;
        int widest = Math.max(BLOCK, Math.max(shape.headDim(), shape.valueDim()));
        edge = memory.address(GradientTile.EDGE_BYTES
                + 4 * (2 * keyFloats + valueFloats + 2 * scoreFloats + (long) COLUMNS * rows + widest + (long) STATE * rows * group));
        keys = edge + GradientTile.EDGE_BYTES;
        keysAcross = keys + 4 * keyFloats;
        valuesAcross = keysAcross + 4 * keyFloats;
        weights = valuesAcross + 4 * valueFloats;
        slopes = weights + 4 * scoreFloats;
        packed = slopes + 4 * scoreFloats;
        spare = packed + 4L * COLUMNS * rows;
        states = spare + 4L * widest;
    }

    /// The segment that begins at row `segment` and position `begin`, key/value head `g`.
    void run(int slot, int segment, int length, long begin, int g, Scratch memory) {
        int step = PrefillAttention.rows(shape);
        lay(Math.min(step, length), memory);
        for (int first = 0; first < length; first += step) {
            int rows = Math.min(step, length - first);
            states(slot, segment + first, rows, begin + first, g);
            gradients(slot, segment, first, rows, begin, g);
        }
    }

    /// Blocks that one of the rows sees.
    @FunctionalInterface
    private interface Block {
        void run(long start, int n, int from, int to);
    }

    private void each(int rows, long position, Block block) {
        long last = position + rows - 1;
        long first = ScoreRow.firstBlock(shape, position);
        long start = shape.sinks() > 0 ? 0 : first;
        for (; start <= last; start = ScoreRow.nextBlock(shape, start, first)) {
            int from = (int) Math.max(0, start - position);
            int to = rows;
            if (shape.window() > 0 && start >= shape.sinks()) {
                to = Math.clamp(start + BLOCK - 1 + shape.window() - position, from, rows);
            }
            block.run(start, ScoreRow.end(last, start), from, to);
        }
    }

    private void states(int slot, int row, int rows, long position, int g) {
        for (int j = 0; j < group; j++) {
            for (int i = 0; i < rows; i++) {
                long column = 4L * (g * group + j) * shape.valueDim();
                long state = state(j * rows + i);
                Memory.f32(state, Float.NEGATIVE_INFINITY);
                Memory.f32(state + 4, 0);
                Memory.f32(state + 8, NormRows.dot(dy.address(row + i) + column, y.address(row + i) + column, shape.valueDim()));
            }
        }
        each(rows, position, (start, n, from, to) -> {
            AttentionBlock.transposed(keysAcross, spare, cache, cache.keys(), slot, start, n, g * shape.headDim(), shape.headDim());
            for (int j = 0; j < group; j++) {
                scores(row, rows, position, g, j, start, from, to);
                for (int i = from; i < to; i++) {
                    int r = j * rows + i;
                    ScoreRow.weigh(weights + 4L * BLOCK * r, state(r), 0, 0);
                }
            }
        });
    }

    private long state(int query) {
        return states + 4L * STATE * query;
    }

    /// Scores of the rows `from` to `to` of head j of the group.
    private void scores(int row, int rows, long position, int g, int j, long start, int from, int to) {
        int head = g * group + j;
        across(weights + 4L * BLOCK * (j * rows + from), q.address(row + from) + 4L * head * shape.headDim(), q.rowBytes(),
                to - from, keysAcross, shape.headDim());
        for (int i = from; i < to; i++) {
            ScoreRow.finish(shape, weights + 4L * BLOCK * (j * rows + i), head, position + i, start);
        }
    }

    /// s[i] = a[i] · b for the transposed rows b of a block.
    private void across(long s, long a, long aBytes, int rows, long b, int width) {
        ConvolutionRows.zero(s, rows * BLOCK);
        for (int i = 0; i < BLOCK; i += COLUMNS) {
            GradientTile.rows(s + 4L * i, 4L * BLOCK, rows, a, aBytes, 4, b + 4L * i * width, 4L * COLUMNS, width, COLUMNS, edge);
        }
    }

    private void gradients(int slot, int segment, int first, int rows, long begin, int g) {
        int row = segment + first;
        long position = begin + first;
        each(rows, position, (start, n, from, to) -> {
            AttentionBlock.transposed(keysAcross, spare, cache, cache.keys(), slot, start, n, g * shape.headDim(), shape.headDim());
            AttentionBlock.panels(keys, cache, cache.keys(), slot, start, n, g * shape.headDim(), shape.headDim());
            AttentionBlock.transposed(valuesAcross, spare, cache, cache.values(), slot, start, n, g * shape.valueDim(),
                    shape.valueDim());
            int own = (int) Math.max(0, begin - start); // keys before it belong to earlier passes
            for (int j = 0; j < group; j++) {
                int head = g * group + j;
                int index = j * rows + from;
                scores(row, rows, position, g, j, start, from, to);
                long slope = slopes + 4L * BLOCK * index;
                across(slope, dy.address(row + from) + 4L * head * shape.valueDim(), dy.rowBytes(), to - from, valuesAcross,
                        shape.valueDim());
                for (int i = from; i < to; i++) {
                    slopes(j * rows + i, q.address(row + i) + 4L * head * shape.headDim());
                }
                for (int d = 0; d < shape.headDim(); d += COLUMNS) {
                    GradientTile.rows(dq.address(row + from) + 4L * (head * shape.headDim() + d), dq.rowBytes(), to - from,
                            slope, 4L * BLOCK, 4, keys + 4L * BLOCK * d, 4L * COLUMNS, n, Math.min(COLUMNS, shape.headDim() - d),
                            edge);
                }
                if (own < n) {
                    int source = (int) (segment + start + own - begin);
                    down(dk, source, n - own, g * shape.headDim(), slope + 4L * own, q, row + from, to - from,
                            head * shape.headDim(), shape.headDim());
                    down(dv, source, n - own, g * shape.valueDim(), weights + 4L * (BLOCK * index + own), dy, row + from,
                            to - from, head * shape.valueDim(), shape.valueDim());
                }
            }
        });
    }

    /// Turns the scores of a query into weights p, and dy·v into p·(dy·v − dy·y)·∂score.
    private void slopes(int query, long from) {
        long p = weights + 4L * BLOCK * query;
        long slope = slopes + 4L * BLOCK * query;
        long state = state(query);
        float scale = shape.scale();
        if (shape.softcap() > 0) {
            ConvolutionRows.zero(spare, BLOCK);
            for (int i = 0; i < BLOCK; i += COLUMNS) {
                GradientTile.addOne(spare + 4L * i, from, 4, keysAcross + 4L * i * shape.headDim(), 4L * COLUMNS, shape.headDim());
            }
            Arithmetic.scale(spare, spare, scale / shape.softcap(), BLOCK);
            ActivationDerivatives.apply(Activation.TANH, spare, spare, BLOCK);
        }
        ScoreRow.slopes(p, slope, Memory.f32(state), 1 / Memory.f32(state + 4), Memory.f32(state + 8), scale);
        if (shape.softcap() > 0) {
            Arithmetic.multiply(slope, slope, spare, BLOCK);
        }
    }

    /// to[i] += Σ_t s[t,i] · from[t] for `n` keys from row `source` on.
    private void down(Tensor to, int source, int n, int toColumn, long s, Tensor from, int row, int rows, int fromColumn,
            int width) {
        for (int d = 0; d < width; d += COLUMNS) {
            int columns = Math.min(COLUMNS, width - d);
            long b = from.address(row) + 4L * (fromColumn + d);
            long bBytes = from.rowBytes();
            if (columns < COLUMNS) {
                for (int i = 0; i < rows; i++) {
                    Memory.copy(packed + 4L * COLUMNS * i, b + i * bBytes, 4L * columns);
                }
                b = packed;
                bBytes = 4L * COLUMNS;
            }
            GradientTile.rows(to.address(source) + 4L * (toColumn + d), to.rowBytes(), n, s, 4, 4L * BLOCK, b, bBytes, rows,
                    columns, edge);
        }
    }
}
