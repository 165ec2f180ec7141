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

    /// Whether the rows of a block lie together and need no unpacking.
    static boolean inPlace(KeyValues cache, Tensor rows) {
        return rows.dtype() == DType.F32 && cache.pageRows() % BLOCK == 0;
    }

    /// to[i] = the `width` floats of the row at `start + i`, from `column` on; rows of `to` lie `toBytes` apart and
    /// are zero past the width, and wholly where a window has left the position.
    static void rows(long to, long toBytes, KeyValues cache, Tensor from, int slot, long start, int n, int column, int width) {
        for (int i = 0; i < n; i++) {
            long row = to + i * toBytes;
            int known = cache.holds(slot, start + i) ? width : 0;
            if (known > 0) {
                VectorMatrixProduct.unpack(row, from.dtype(), at(cache, from, slot, start + i, column), width);
            }
            ConvolutionRows.zero(row + 4L * known, (int) (toBytes / 4 - known));
        }
    }

    /// The block's rows as panels of [GradientTile#COLUMNS] columns, each [BLOCK, COLUMNS].
    static void panels(long to, KeyValues cache, Tensor from, int slot, long start, int n, int column, int width) {
        for (int d = 0; d < width; d += COLUMNS) {
            rows(to + 4L * BLOCK * d, 4L * COLUMNS, cache, from, slot, start, n, column + d, Math.min(COLUMNS, width - d));
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
