package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.ScoreRow.BLOCK;

import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// Keys or values of one head in one block of positions, as f32 in scratch memory, laid out for the tiles that read
/// them.
final class AttentionBlock {
    private AttentionBlock() {
    }

    /// Columns rounded up to whole tiles.
    static int padded(int columns) {
        return Math.ceilDiv(columns, COLUMNS) * COLUMNS;
    }

    /// Address of element `column` of the row that holds `position`.
    static long at(KeyValues cache, Tensor rows, int slot, long position, int column) {
        return rows.address(cache.row(slot, position)) + rows.dtype().bytes(column);
    }

    /// Whether `width` columns of a block's rows are whole vectors of floats that need no expanding.
    static boolean inPlace(KeyValues cache, Tensor rows, int width) {
        return rows.dtype() == DType.F32 && together(cache) && width % COLUMNS == 0;
    }

    /// Whether the rows of a block lie one after the other.
    static boolean together(KeyValues cache) {
        return cache.pageRows() % BLOCK == 0;
    }

    /// to[i] = the `width` floats of the row at `start + i`, from `column` on; rows of `to` are as wide as [#padded] and zero
    /// past the width, and wholly where a window has left the position.
    static void rows(long to, KeyValues cache, Tensor from, int slot, long start, int n, int column, int width) {
        place(to, 4L * padded(width), 4L * COLUMNS, cache, from, slot, start, n, column, width);
    }

    /// The same as panels of [GradientTile#COLUMNS] columns, each [BLOCK, COLUMNS].
    static void panels(long to, KeyValues cache, Tensor from, int slot, long start, int n, int column, int width) {
        place(to, 4L * COLUMNS, 4L * BLOCK * COLUMNS, cache, from, slot, start, n, column, width);
    }

    private static void place(long to, long toBytes, long panelBytes, KeyValues cache, Tensor from, int slot, long start, int n,
            int column, int width) {
        int step = together(cache) ? n : 1;
        for (int i = 0; i < n; i += step) {
            long row = to + i * toBytes;
            boolean known = cache.holds(slot, start + i);
            if (known) {
                ExpandedRows.expand(row, toBytes, panelBytes, from.dtype(), at(cache, from, slot, start + i, column),
                        from.rowBytes(), step, width);
            }
            int whole = known ? width / COLUMNS * COLUMNS : 0;
            for (int d = whole; d < width; d += COLUMNS) {
                int kept = known ? width - d : 0;
                for (int r = 0; r < step; r++) {
                    ConvolutionRows.zero(row + r * toBytes + d / COLUMNS * panelBytes + 4L * kept, COLUMNS - kept);
                }
            }
        }
    }

    /// The block's transpose [width, BLOCK] as panels of [GradientTile#COLUMNS] positions, each [width, COLUMNS].
    ///
    /// @param row scratch for `width` floats
    static void transposed(long to, long row, KeyValues cache, Tensor from, int slot, long start, int n, int column, int width) {
        for (int i = 0; i < n; i++) {
            if (cache.holds(slot, start + i)) {
                VectorMatrixProduct.unpack(row, from.dtype(), at(cache, from, slot, start + i, column), width);
            } else {
                ConvolutionRows.zero(row, width);
            }
            long at = to + 4L * ((long) i / COLUMNS * COLUMNS * width + i % COLUMNS);
            for (int d = 0; d < width; d++) {
                Memory.f32(at + 4L * COLUMNS * d, Memory.f32(row + 4L * d));
            }
        }
    }
}
