package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.B;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
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

    /// Packs the bytes of one row.
    ///
    /// @param to the row's place among those of the first element
    static void pack(long to, long n, int blocks) {
        for (int b = 0; b < blocks; b++) {
            for (int j = 0; j < 4; j++) {
                long some = Memory.i64(n + 32L * b + 8 * j);
                long at = to + BLOCK * b + 8L * ROWS * j;
                for (int k = 0; k < 8; k++) {
                    Memory.i8(at + (long) ROWS * k, (byte) (some >>> 8 * k));
                }
            }
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
