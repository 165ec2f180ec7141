package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.ScoreRow.BLOCK;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Attention of consecutive rows of one segment, the queries that share a key/value head (Dao et al. 2022,
/// FlashAttention): blocks of keys pass by, each unpacked and transposed once for all queries.
///
/// A query's scores, weights and sums depend on the blocks' absolute positions alone, not on the rows around it.
final class PrefillAttention {
    /// Floats of a query's state: m and l of [ScoreRow].
    private static final int STATE = 2;

    private final Shape shape;
    private final Tensor q;
    private final KeyValues cache;
    private final int group;

    PrefillAttention(Shape shape, Tensor q, KeyValues cache) {
        this.shape = shape;
        this.q = q;
        this.cache = cache;
        group = shape.heads() / shape.kvHeads();
    }

    /// Rows that are worth working on at once.
    static int rows(Shape shape) {
        return Math.clamp(256 / (shape.heads() / shape.kvHeads()), 16, 128);
    }

    private long scratchBytes(int rows) {
        int queries = rows * group;
        int width = AttentionBlock.padded(shape.valueDim());
        return 4L * (shape.headDim() + queries * (BLOCK + width + STATE) + BLOCK * (AttentionBlock.padded(shape.headDim()) + width))
                + GradientTile.EDGE_BYTES;
    }

    /// Queries of key/value head `g` in the `rows` rows from `row` on, of which the first is at `position`.
    void run(Tensor y, int slot, int row, int rows, long position, int g, Scratch memory) {
        int width = AttentionBlock.padded(shape.valueDim());
        long edge = memory.address(scratchBytes(rows));
        long keys = edge + GradientTile.EDGE_BYTES;
        long values = keys + 4L * BLOCK * AttentionBlock.padded(shape.headDim());
        long scores = values + 4L * BLOCK * width;
        long gathered = scores + 4L * rows * group * BLOCK;
        long states = gathered + 4L * rows * group * width;
        long spare = states + 4L * STATE * rows * group;
        ConvolutionRows.zero(gathered, rows * group * width);
        for (int r = 0; r < rows * group; r++) {
            Memory.f32(states + 4L * STATE * r, Float.NEGATIVE_INFINITY);
            Memory.f32(states + 4L * STATE * r + 4, 0);
        }
        long last = position + rows - 1;
        long first = ScoreRow.firstBlock(shape, position);
        long start = shape.sinks() > 0 ? 0 : first;
        for (; start <= last; start = ScoreRow.nextBlock(shape, start, first)) {
            int n = ScoreRow.end(last, start);
            AttentionBlock.transposed(keys, spare, cache, cache.keys(), slot, start, n, g * shape.headDim(), shape.headDim());
            AttentionBlock.panels(values, cache, cache.values(), slot, start, n, g * shape.valueDim(), shape.valueDim());
            int from = (int) Math.max(0, start - position);
            int to = rows;
            if (shape.window() > 0 && start >= shape.sinks()) {
                to = Math.clamp(start + BLOCK - 1 + shape.window() - position, from, rows);
            }
            for (int j = 0; j < group; j++) {
                int index = j * rows + from;
                long s = scores + 4L * BLOCK * index;
                scores(s, q.address(row + from) + 4L * (g * group + j) * shape.headDim(), to - from, keys, edge);
                for (int i = from; i < to; i++) {
                    int r = j * rows + i;
                    ScoreRow.finish(shape, scores + 4L * BLOCK * r, g * group + j, position + i, start);
                    ScoreRow.weigh(scores + 4L * BLOCK * r, states + 4L * STATE * r, gathered + 4L * width * r, width);
                }
                for (int d = 0; d < shape.valueDim(); d += COLUMNS) {
                    GradientTile.rows(gathered + 4L * width * index + 4L * d, 4L * width, to - from, s, 4L * BLOCK, 4,
                            values + 4L * BLOCK * d, 4L * COLUMNS, n, COLUMNS, edge);
                }
            }
        }
        for (int j = 0; j < group; j++) {
            for (int i = 0; i < rows; i++) {
                int r = j * rows + i;
                Arithmetic.scale(y.address(row + i) + 4L * (g * group + j) * shape.valueDim(), gathered + 4L * width * r,
                        1 / Memory.f32(states + 4L * STATE * r + 4), shape.valueDim());
            }
        }
    }

    /// s[i] = q[i] · k for the keys of a block.
    private void scores(long s, long queries, int rows, long keys, long edge) {
        ConvolutionRows.zero(s, rows * BLOCK);
        for (int i = 0; i < BLOCK; i += COLUMNS) {
            GradientTile.rows(s + 4L * i, 4L * BLOCK, rows, queries, q.rowBytes(), 4, keys + 4L * i * shape.headDim(),
                    4L * COLUMNS, shape.headDim(), COLUMNS, edge);
        }
    }
}
