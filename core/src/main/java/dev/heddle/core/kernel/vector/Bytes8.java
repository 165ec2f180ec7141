package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.B;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Packed signed bytes with a scale for 32 of them: a block is the half-precision scales d of the rows and then, element after
/// element, the rows' bytes n side by side.
///
/// They are multiplied by f32 activations. A block's products are added one after the other, p = fma(n, x, p), and its sum to
/// that of the row: sum = fma(d, p, sum). [PackedFloatRows] and [PackedFloatTile] hold to that order.
final class Bytes8 {
    /// Bytes of a block's scales, and of a block.
    static final long SCALES = 2L * ROWS;
    static final long BLOCK = SCALES + 32L * ROWS;

    /// Bytes of a block in f32.
    static final long UNPACKED = 4L * ROWS * 33;

    private Bytes8() {
    }

    /// Packs rows of q8_0 blocks. Arrays on the heap, because a program packs before its compiler has got far.
    ///
    /// @param rows   at most [PackedWeights#ROWS]
    /// @param blocks of a row
    /// @param in     scratch, as large as a panel
    /// @param out    the same; what it holds for rows past the last means nothing
    /// @return whether all scales are finite, without which the panel is of no use
    static boolean pack(long panel, long from, int rows, int blocks, byte[] in, byte[] out) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, from, in, 0, 34 * blocks * rows);
        boolean finite = true;
        for (int r = 0; r < rows; r++) {
            for (int b = 0; b < blocks; b++) {
                int block = 34 * (r * blocks + b);
                int scale = (int) BLOCK * b + 2 * r;
                out[scale] = in[block];
                out[scale + 1] = in[block + 1];
                finite &= (in[block + 1] & 0x7c) != 0x7c;
                spread(out, (int) (BLOCK * b + SCALES) + r, in, block + 2);
            }
        }
        MemorySegment.copy(out, 0, ALL, ValueLayout.JAVA_BYTE, panel, out.length);
        return finite;
    }

    private static void spread(byte[] to, int at, byte[] from, int first) {
        for (int i = 0; i < 32; i++) {
            to[at + ROWS * i] = from[first + i];
        }
    }

    /// Expands a panel to f32: each block's scales and then its numbers, in the same places.
    static void unpack(long to, long panel, int blocks) {
        for (int b = 0; b < blocks; b++) {
            PackedScales.expand(PackedType.Q8_0, to + UNPACKED * b, 0, panel + BLOCK * b, 1);
            long from = panel + BLOCK * b + SCALES;
            long at = to + UNPACKED * b + 2 * STEP;
            for (int i = 0; i < 32 * ROWS; i += COUNT) {
                ((FloatVector) ByteVector.fromMemorySegment(B, ALL, from + i & USER, ORDER).convertShape(VectorOperators.B2F, F, 0))
                        .intoMemorySegment(ALL, at + 4L * i & USER, ORDER);
            }
        }
    }
}
