package dev.heddle.core.kernel.vector;

import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;

/// The gradients of a matrix product, both of the form c[r,j] += Σ_k a[r,k] · b[k,j].
///
/// Operands are first packed, each element once: b into panels of [GradientTile#COLUMNS] columns, one row after the
/// other, so that a tile reads it as one stream. Then threads share blocks of c. Packing takes [#PACKED] numbers at a time,
/// and terms are added to c in order of k, so that neither changes a bit.
final class ProductGradients {
    /// Inner terms of a tile: a panel that deep fits the first-level cache beside the rows it meets.
    private static final int DEPTH = 128;

    /// Rows of c that a thread takes at once.
    private static final int BLOCK = 64;

    /// Numbers of an operand that are packed at once.
    private static final int PACKED = 1 << 22;

    private static final int COLUMNS = GradientTile.COLUMNS;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch;
    private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);

    /// @param scratch of each thread
    ProductGradients(Workers workers, ThreadLocal<Scratch> scratch) {
        this.workers = workers;
        this.scratch = scratch;
    }

    /// Rows of an operand of `columns` columns that are packed at once.
    private static int slab(int rows, int columns) {
        return Math.min(rows, Math.max(DEPTH, PACKED / Math.max(1, columns) / DEPTH * DEPTH));
    }

    /// Bytes of `rows` packed rows in panels of `width` columns.
    private static long packedBytes(int rows, int columns, int width) {
        return 4L * rows * Math.ceilDiv(columns, width) * width;
    }

    /// Packs rows `from` to `to` of `x`: panel after panel of `width` columns, in each of them row after row.
    private void pack(long packed, Tensor x, int from, int to, int width) {
        int rows = to - from;
        int panels = Math.ceilDiv(x.columns(), width);
        workers.forRange(rows, 16, (first, last) -> {
            for (int k = first; k < last; k++) {
                for (int panel = 0; panel < panels; panel++) {
                    int column = panel * width;
                    VectorMatrixProduct.unpack(packed + 4L * width * ((long) panel * rows + k), x.dtype(),
                            x.address(from + k) + x.dtype().bytes(column), Math.min(width, x.columns() - column));
                }
            }
        });
    }

    /// dx[t,i] += Σ_o dy[t,o] · w[o,i].
    void input(Tensor dx, Tensor dy, Tensor w) {
        int step = slab(w.rows(), w.columns());
        long packed = shared.get().address(packedBytes(step, w.columns(), COLUMNS));
        for (int o = 0; o < w.rows(); o += step) {
            int from = o;
            int depth = Math.min(step, w.rows() - o);
            pack(packed, w, o, o + depth, COLUMNS);
            blocks(dx, packed, depth, (row, k) -> dy.address(row) + 4L * (from + k), dy.rowBytes(), 4);
        }
    }

    /// dw[o,i] += Σ_t dy[t,o] · x[t,i].
    void weight(Tensor dw, Tensor dy, Tensor x) {
        int step = slab(x.rows(), Math.max(x.columns(), dy.columns()));
        long packed = shared.get().address(packedBytes(step, x.columns(), COLUMNS) + packedBytes(step, dy.columns(), BLOCK));
        for (int t = 0; t < x.rows(); t += step) {
            int depth = Math.min(step, x.rows() - t);
            long rows = packed + packedBytes(depth, x.columns(), COLUMNS);
            pack(packed, x, t, t + depth, COLUMNS);
            pack(rows, dy, t, t + depth, BLOCK);
            blocks(dw, packed, depth, (row, k) -> rows + 4L * BLOCK * ((long) (row / BLOCK) * depth + k) + 4L * (row % BLOCK), 4,
                    4L * BLOCK);
        }
    }

    /// Address of a[row,k].
    @FunctionalInterface
    private interface Rows {
        long at(int row, int k);
    }

    /// c += a · b, threads sharing the blocks of c; `row` is always the first of a block.
    ///
    /// @param b      packed, `depth` rows
    /// @param aBytes from one row of a to the next
    /// @param aStep  from one inner term of a to the next
    private void blocks(Tensor c, long b, int depth, Rows a, long aBytes, long aStep) {
        int columns = c.columns();
        int across = Math.ceilDiv(columns, COLUMNS);
        int down = Math.ceilDiv(c.rows(), BLOCK);
        workers.forRange(across * down, 1, (from, to) -> {
            long edge = scratch.get().address(GradientTile.EDGE_BYTES);
            for (int piece = from; piece < to; piece++) {
                int panel = piece / down;
                int row = piece % down * BLOCK;
                int rows = Math.min(BLOCK, c.rows() - row);
                for (int k = 0; k < depth; k += DEPTH) {
                    GradientTile.rows(c.address(row) + 4L * COLUMNS * panel, c.rowBytes(), rows, a.at(row, k), aBytes, aStep,
                            b + 4L * COLUMNS * ((long) panel * depth + k), 4L * COLUMNS, Math.min(DEPTH, depth - k),
                            Math.min(COLUMNS, columns - COLUMNS * panel), edge);
                }
            }
        });
    }
}
