package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Activation rows rounded to eight bits for products in integers: x ≈ e·q in blocks of 32 elements, with e = max|x| / 127
/// and q the nearest integers, which lie in −127 … 127.
///
/// A row is stored as its q, 16 bits each; the f32 e of its blocks; the f32 e·Σq of its blocks; and for each half of a block
/// Σq of its elements of even numbers and of those of odd numbers, 16 bits each.
final class Int8Rows {
    /// Adding it to a float below 2²² rounds to an integer, which then fills the low bits.
    private static final float ROUNDING = 0x1.8p23f;

    private static final float SMALLEST = 1e-35f;

    private Int8Rows() {
    }

    /// Bytes from the start of a row to its block scales e.
    static long scalesAt(int inner) {
        return 64L * (inner / 32);
    }

    /// Bytes from the start of a row to e·Σq of its blocks.
    static long totalsAt(int inner) {
        return 68L * (inner / 32);
    }

    /// Bytes from the start of a row to the sums Σq of its half blocks.
    static long sumsAt(int inner) {
        return 72L * (inner / 32);
    }

    /// Bytes from one row to the next.
    static long bytes(int inner) {
        return Math.ceilDiv(80L * (inner / 32), 64) * 64;
    }

    /// Rounds one row of f32 numbers.
    ///
    /// @param inner a multiple of 32
    static void round(long to, long x, int inner) {
        long scales = to + scalesAt(inner);
        long totals = to + totalsAt(inner);
        long sums = to + sumsAt(inner);
        for (int b = 0; b < inner / 32; b++) {
            float e = block(to + 64L * b, x + 128L * b);
            int low = pairSums(to + 64L * b);
            int high = pairSums(to + 64L * b + 32);
            Memory.i32(sums + 8L * b, low);
            Memory.i32(sums + 8L * b + 4, high);
            Memory.f32(scales + 4L * b, e);
            Memory.f32(totals + 4L * b, e * ((short) low + (low >> 16) + (short) high + (high >> 16)));
        }
    }

    private static float block(long to, long x) {
        // magnitudes of floats compare as their bits do, and NaN is the largest
        x &= USER;
        IntVector largest = IntVector.fromMemorySegment(I, ALL, x, ORDER).and(Integer.MAX_VALUE)
                .max(IntVector.fromMemorySegment(I, ALL, x + STEP, ORDER).and(Integer.MAX_VALUE));
        if (COUNT < 16) {
            largest = largest.max(IntVector.fromMemorySegment(I, ALL, x + 2 * STEP, ORDER).and(Integer.MAX_VALUE))
                    .max(IntVector.fromMemorySegment(I, ALL, x + 3 * STEP, ORDER).and(Integer.MAX_VALUE));
        }
        if (COUNT < 8) {
            largest = largest.max(IntVector.fromMemorySegment(I, ALL, x + 4 * STEP, ORDER).and(Integer.MAX_VALUE))
                    .max(IntVector.fromMemorySegment(I, ALL, x + 5 * STEP, ORDER).and(Integer.MAX_VALUE))
                    .max(IntVector.fromMemorySegment(I, ALL, x + 6 * STEP, ORDER).and(Integer.MAX_VALUE))
                    .max(IntVector.fromMemorySegment(I, ALL, x + 7 * STEP, ORDER).and(Integer.MAX_VALUE));
        }
        float max = Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX));
        float inverse = max < SMALLEST ? 0 : 127 / max;
        for (int j = 0; j < 32; j += COUNT) {
            IntVector q = FloatVector.fromMemorySegment(F, ALL, x + 4L * j, ORDER)
                    .fma(FloatVector.broadcast(F, inverse), FloatVector.broadcast(F, ROUNDING)).reinterpretAsInts()
                    .sub(Float.floatToRawIntBits(ROUNDING));
            ((ShortVector) q.convertShape(VectorOperators.I2S, Lanes.S, 0)).intoMemorySegment(ALL, to + 2L * j & USER, ORDER);
        }
        return max < SMALLEST ? 0 : max / 127;
    }

    /// Sums of sixteen q, those of even numbers in the lower half.
    private static int pairSums(long q) {
        long four = above(q) + above(q + 8) + above(q + 16) + above(q + 24);
        int sums = (int) four + (int) (four >>> 32);
        return (sums & 0xffff) - 1024 & 0xffff | (sums >>> 16) - 1024 << 16;
    }

    /// Four q with 128 added, so that none is negative and sums of 16-bit parts do not run into each other.
    private static long above(long q) {
        return (Memory.i64(q) ^ 0x8000800080008000L) - 0x7f807f807f807f80L;
    }
}
