package dev.heddle.core.kernel.vector;

import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Products of many activation rows with a panel of weight rows that were unpacked to f32.
///
/// The panel lies in the second-level cache while the activation rows pass by, four at a time; these stay in the first-level
/// cache until [PanelTile] has met all weight rows.
final class Panel {
    /// Weight rows and activation rows of one tile.
    static final int TILE = PanelTile.SIDE;

    /// Floats of a cache line.
    private static final int LINE = 16;

    private Panel() {
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for up to four activation rows.
    ///
    /// @param w f32 [rows rounded up to a multiple of 4, inner], rows `rowBytes` apart
    /// @param sums scratch of [#sumsBytes] bytes
    static void four(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner, long sums) {
        int whole = Lanes.whole(inner);
        long x1 = x + Math.min(1, tokens - 1) * xBytes;
        long x2 = x + Math.min(2, tokens - 1) * xBytes;
        long x3 = x + Math.min(3, tokens - 1) * xBytes;
        touch(y, yBytes, tokens, rows);
        for (int o = 0; o < rows; o += TILE) {
            long tile = sums + 16L * o; // its accumulators, where they go through memory, are done before the next tile's begin
            PanelTile.product(tile, x, x1, x2, x3, w + o * rowBytes, rowBytes, whole);
        }
        for (int o = 0; o < rows; o += TILE) {
            long tile = sums + 16L * o;
            int n = Math.min(TILE, rows - o);
            for (int t = 0; t < tokens; t++) {
                long to = y + t * yBytes + 4L * o;
                if (n == TILE) {
                    FloatVector.fromMemorySegment(FloatVector.SPECIES_128, ALL, tile + 16L * t & USER, ORDER)
                            .intoMemorySegment(ALL, to & USER, ORDER);
                } else {
                    Memory.copy(to, tile + 16L * t, 4L * n);
                }
                if (whole < inner) {
                    rest(to, x + t * xBytes, w + o * rowBytes, rowBytes, n, whole, inner);
                }
            }
        }
    }

    /// Writes into each cache line of the outputs, so that it is on its way while the sums are computed: where memory is to be
    /// written is known now, and a later write to a missing line holds up those behind it.
    private static void touch(long y, long yBytes, int tokens, int rows) {
        for (int t = 0; t < tokens; t++) {
            for (int o = 0; o < rows; o += LINE) {
                Memory.f32(y + t * yBytes + 4L * o, 0);
            }
        }
    }

    /// y[o] += Σ x[i] · w[o,i] past the last whole vector, one term after the other.
    private static void rest(long y, long x, long w, long rowBytes, int rows, int from, int inner) {
        for (int o = 0; o < rows; o++) {
            float sum = Memory.f32(y + 4L * o);
            for (int i = from; i < inner; i++) {
                sum = Math.fma(Memory.f32(x + 4L * i), Memory.f32(w + o * rowBytes + 4L * i), sum);
            }
            Memory.f32(y + 4L * o, sum);
        }
    }

    /// Bytes from one row of a panel to the next: not a multiple of a page, because rows a power of two apart crowd each other
    /// out of the first-level cache.
    static long rowBytes(int inner) {
        return 4L * Rows.padded(inner) + 4L * 3 * Lanes.COUNT;
    }

    /// Bytes of accumulators that a panel of `rows` weight rows needs.
    static long sumsBytes(int rows) {
        return Math.ceilDiv(rows, TILE) * 64L + LaneSums.BYTES;
    }
}
