package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Tensor;

/// Products with [PackedWeights], panel by panel: whole tiles of activation rows with the panel unpacked, the others as it lies.
final class PackedProduct {
    private static final int TILE = PackedTile.TOKENS;

    private PackedProduct() {
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for the outputs `from` to `to` of every activation row.
    ///
    /// @param rounded the activation rows as [Int8Rows], if the weights' type wants them so
    static void rows(Tensor y, Tensor x, long rounded, PackedWeights packed, Tensor w, int from, int to, Scratch scratch) {
        PackedType type = packed.type();
        int inner = w.columns();
        int tokens = y.rows();
        boolean integers = type.roundsActivations();
        long xAt = integers ? rounded : x.address();
        long xBytes = integers ? Int8Rows.bytes(inner) : x.rowBytes();
        int first = packed.firstRow(w);
        int last = tokens % TILE;
        int tiled = tokens < TILE ? 0 : last < PackedRows.TOKENS ? tokens - last : tokens;
        long few = Math.max(PackedRows.SCRATCH, PackedFloatRows.SCRATCH);
        long memory = scratch.address(few + (tiled == 0 ? 0 : integers ? PackedTile.bytes(inner) : PackedFloatTile.bytes(inner)));
        long unpacked = memory + few;
        while (from < to) {
            int skip = (first + from) % PackedWeights.ROWS;
            int rows = Math.min(PackedWeights.ROWS - skip, to - from);
            long panel = packed.panel((first + from) / PackedWeights.ROWS);
            long yAt = y.address() + 4L * from;
            if (tiled > 0 && integers) {
                PackedTile.unpack(type, unpacked, panel, inner);
            } else if (tiled > 0) {
                Bytes8.unpack(unpacked, panel, inner / 32);
            }
            for (int t = 0; t < tiled; t += TILE) {
                int n = Math.min(TILE, tokens - t);
                if (integers) {
                    PackedTile.product(type, yAt + t * y.rowBytes(), y.rowBytes(), xAt + t * xBytes, xBytes, n, unpacked, skip, rows, inner);
                } else {
                    PackedFloatTile.product(yAt + t * y.rowBytes(), y.rowBytes(), xAt + t * xBytes, xBytes, n, unpacked, skip, rows, inner);
                }
            }
            long yRest = yAt + tiled * y.rowBytes();
            long xRest = xAt + tiled * xBytes;
            if (tiled < tokens && integers) {
                PackedRows.product(type, yRest, y.rowBytes(), xRest, xBytes, tokens - tiled, panel, skip, rows, inner, memory);
            } else if (tiled < tokens) {
                PackedFloatRows.product(yRest, y.rowBytes(), xRest, xBytes, tokens - tiled, panel, skip, rows, inner, memory);
            }
            from += rows;
        }
    }
}
