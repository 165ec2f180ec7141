package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.kernel.vector.PackedWeights.S;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.INT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Packed integers of six bits: three words of 16 bits hold the 8 pairs of a group of 16 elements, two in the low 12 bits of
/// each. The upper four have the low bits of pair 6, two high bits of pairs 6 and 7, and the low bits of pair 7.
final class Words6 {
    private Words6() {
    }

    /// Packs the integers of one row, a byte each.
    ///
    /// @param to the row's place in the first word
    static void pack(long to, long n, int blocks) {
        for (int g = 0; g < 2 * blocks; g++) {
            int p6 = pair(n, 6);
            int p7 = pair(n, 7);
            Memory.i32(to, pair(n, 0) | pair(n, 1) << 6 | (p6 & 0x000f000f) << 12);
            Memory.i32(to + 4L * ROWS, pair(n, 2) | pair(n, 3) << 6 | (p6 & 0x00300030) << 8 | (p7 & 0x00300030) << 10);
            Memory.i32(to + 8L * ROWS, pair(n, 4) | pair(n, 5) << 6 | (p7 & 0x000f000f) << 12);
            to += 12L * ROWS;
            n += 16;
        }
    }

    /// Elements 2k and 2k + 1 in the halves of an int.
    private static int pair(long n, int k) {
        int two = Memory.i16(n + 2 * k);
        return two & 63 | (two & 0x3f00) << 8;
    }

    /// Σ (n − 32)·q over the even and over the odd elements of each group of 16.
    ///
    /// @param to two vectors for each group
    /// @param x  activations, [Int8Rows]
    /// @param sums of the same
    static void dot(long to, long w, long x, long sums, int blocks) {
        for (int g = 0; g < 2 * blocks; g++) {
            long at = w + 6 * STEP * g & USER;
            long q = x + 32L * g & USER;
            ShortVector a0 = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
            ShortVector a1 = ShortVector.fromMemorySegment(S, ALL, at + STEP, ORDER);
            ShortVector b0 = ShortVector.fromMemorySegment(S, ALL, at + 2 * STEP, ORDER);
            ShortVector b1 = ShortVector.fromMemorySegment(S, ALL, at + 3 * STEP, ORDER);
            ShortVector c0 = ShortVector.fromMemorySegment(S, ALL, at + 4 * STEP, ORDER);
            ShortVector c1 = ShortVector.fromMemorySegment(S, ALL, at + 5 * STEP, ORDER);
            ShortVector s0 = IntVector.broadcast(I, ALL.get(INT, sums + 4L * g & USER)).reinterpretAsShorts().mul((short) -32);
            ShortVector s1 = s0;
            ShortVector pair = IntVector.broadcast(I, ALL.get(INT, q)).reinterpretAsShorts();
            s0 = s0.add(a0.and((short) 63).mul(pair));
            s1 = s1.add(a1.and((short) 63).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 4)).reinterpretAsShorts();
            s0 = s0.add(a0.lanewise(VectorOperators.LSHR, 6).and((short) 63).mul(pair));
            s1 = s1.add(a1.lanewise(VectorOperators.LSHR, 6).and((short) 63).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 8)).reinterpretAsShorts();
            s0 = s0.add(b0.and((short) 63).mul(pair));
            s1 = s1.add(b1.and((short) 63).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 12)).reinterpretAsShorts();
            s0 = s0.add(b0.lanewise(VectorOperators.LSHR, 6).and((short) 63).mul(pair));
            s1 = s1.add(b1.lanewise(VectorOperators.LSHR, 6).and((short) 63).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 16)).reinterpretAsShorts();
            s0 = s0.add(c0.and((short) 63).mul(pair));
            s1 = s1.add(c1.and((short) 63).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 20)).reinterpretAsShorts();
            s0 = s0.add(c0.lanewise(VectorOperators.LSHR, 6).and((short) 63).mul(pair));
            s1 = s1.add(c1.lanewise(VectorOperators.LSHR, 6).and((short) 63).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 24)).reinterpretAsShorts();
            s0 = s0.add(a0.lanewise(VectorOperators.LSHR, 12).or(b0.lanewise(VectorOperators.LSHR, 8).and((short) 48)).mul(pair));
            s1 = s1.add(a1.lanewise(VectorOperators.LSHR, 12).or(b1.lanewise(VectorOperators.LSHR, 8).and((short) 48)).mul(pair));
            pair = IntVector.broadcast(I, ALL.get(INT, q + 28)).reinterpretAsShorts();
            s0 = s0.add(c0.lanewise(VectorOperators.LSHR, 12).or(b0.lanewise(VectorOperators.LSHR, 10).and((short) 48)).mul(pair));
            s1 = s1.add(c1.lanewise(VectorOperators.LSHR, 12).or(b1.lanewise(VectorOperators.LSHR, 10).and((short) 48)).mul(pair));
            long out = to + 2 * STEP * g & USER;
            s0.intoMemorySegment(ALL, out, ORDER);
            s1.intoMemorySegment(ALL, out + STEP, ORDER);
        }
    }

    /// n − 32 as 16-bit numbers, two vectors for each pair.
    static void unpack(long to, long w, int blocks) {
        for (int k = 0; k < 4 * blocks; k++) {
            // half h of the rows of group g: k = 2g + h
            long from = w + 6 * STEP * (k / 2) + STEP * (k % 2) & USER;
            long at = to + 16 * STEP * (k / 2) + STEP * (k % 2) & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, from, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, from + 2 * STEP, ORDER);
            ShortVector c = ShortVector.fromMemorySegment(S, ALL, from + 4 * STEP, ORDER);
            a.and((short) 63).sub((short) 32).intoMemorySegment(ALL, at, ORDER);
            a.lanewise(VectorOperators.LSHR, 6).and((short) 63).sub((short) 32).intoMemorySegment(ALL, at + 2 * STEP, ORDER);
            b.and((short) 63).sub((short) 32).intoMemorySegment(ALL, at + 4 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 6).and((short) 63).sub((short) 32).intoMemorySegment(ALL, at + 6 * STEP, ORDER);
            c.and((short) 63).sub((short) 32).intoMemorySegment(ALL, at + 8 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 6).and((short) 63).sub((short) 32).intoMemorySegment(ALL, at + 10 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 12).or(b.lanewise(VectorOperators.LSHR, 8).and((short) 48)).sub((short) 32)
                    .intoMemorySegment(ALL, at + 12 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 12).or(b.lanewise(VectorOperators.LSHR, 10).and((short) 48)).sub((short) 32)
                    .intoMemorySegment(ALL, at + 14 * STEP, ORDER);
        }
    }
}
