package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Activation rows rounded to eight bits for products in integers: x ≈ e·q in blocks of 32 elements, with e = max|x| / 127
/// and q the nearest integers, which lie in −127 … 127.
///
/// A row is stored as its q, 16 bits each; the f32 e of its blocks; and for each block 8·Σq modulo 2¹⁶. All three are padded
/// with zeros to whole groups of [#GROUP] blocks.
final class Int8Rows {
    /// Blocks whose sums fill the lanes of one vector of 16-bit numbers.
    static final int GROUP = Math.max(8, COUNT);

    /// Adding it to a float below 2²² rounds to an integer, which then fills the low bits.
    private static final float ROUNDING = 0x1.8p23f;

    private static final float SMALLEST = 1e-35f;

    private Int8Rows() {
    }

    /// Blocks of a row, padding included.
    static int blocks(int inner) {
        return Math.ceilDiv(inner, 32 * GROUP) * GROUP;
    }

    /// Bytes from the start of a row to its block scales e.
    static long scalesAt(int inner) {
        return 64L * blocks(inner);
    }

    /// Bytes from the start of a row to the sums of its blocks.
    static long sumsAt(int inner) {
        return 68L * blocks(inner);
    }

    /// Bytes from one row to the next.
    static long bytes(int inner) {
        return Math.ceilDiv(70L * blocks(inner), 64) * 64;
    }

    /// Rounds one row of f32 numbers.
    ///
    /// @param inner a multiple of 32
    static void round(long to, long x, int inner) {
        long scales = to + scalesAt(inner);
        long sums = to + sumsAt(inner);
        int blocks = blocks(inner);
        for (int b = 0; b < blocks; b++) {
            if (32 * b < inner) {
                block(to + 64L * b, scales + 4L * b, sums + 2L * b, x + 128L * b);
            } else {
                for (int j = 0; j < 64; j += 8) {
                    Memory.i64(to + 64L * b + j, 0);
                }
                Memory.f32(scales + 4L * b, 0);
                Memory.i16(sums + 2L * b, (short) 0);
            }
        }
    }

    private static void block(long to, long scale, long sum, long x) {
        FloatVector largest = FloatVector.fromMemorySegment(F, ALL, x, ORDER).abs();
        for (int j = COUNT; j < 32; j += COUNT) {
            largest = largest.max(FloatVector.fromMemorySegment(F, ALL, x + 4L * j, ORDER).abs());
        }
        float max = Lanes.max(largest);
        float inverse = max < SMALLEST ? 0 : 127 / max;
        IntVector total = IntVector.zero(Lanes.I);
        for (int j = 0; j < 32; j += COUNT) {
            IntVector q = FloatVector.fromMemorySegment(F, ALL, x + 4L * j, ORDER).fma(FloatVector.broadcast(F, inverse), FloatVector.broadcast(F, ROUNDING)).reinterpretAsInts()
                    .sub(Float.floatToRawIntBits(ROUNDING));
            total = total.add(q);
            ((ShortVector) q.convertShape(VectorOperators.I2S, Lanes.S, 0)).intoMemorySegment(ALL, to + 2L * j, ORDER);
        }
        Memory.f32(scale, max < SMALLEST ? 0 : max / 127);
        Memory.i16(sum, (short) (8 * total.reduceLanes(VectorOperators.ADD)));
    }
}
