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

/// Packed integers of three bits: three words of 16 bits hold the 16 pairs of a block, five in the low 15 bits of each. The bits
/// left over are those of the last pair.
final class Words3 {
    private Words3() {
    }

    /// Packs the integers of one row, a byte each.
    ///
    /// @param to the row's place in the first word
    static void pack(long to, long n, int blocks) {
        for (int b = 0; b < blocks; b++) {
            int last = pair(n, 15);
            for (int i = 0; i < 3; i++) {
                int word = (last >>> i & 0x00010001) << 15;
                for (int k = 0; k < 5; k++) {
                    word |= pair(n, 5 * i + k) << 3 * k;
                }
                Memory.i32(to, word);
                to += 4L * ROWS;
            }
            n += 32;
        }
    }

    /// Elements 2k and 2k + 1 in the halves of an int.
    private static int pair(long n, int k) {
        int two = Memory.i16(n + 2 * k);
        return two & 7 | (two & 0x0700) << 8;
    }

    /// Σ (n − 4)·q over the even and over the odd elements of each group of 16.
    ///
    /// @param to two vectors for each group
    /// @param x  activations, [Int8Rows]
    /// @param sums of the same
    static void dot(long to, long w, long x, long sums, int blocks) {
        for (int k = 0; k < 2 * blocks; k++) {
            // half h of the rows of block b: k = 2b + h
            long at = w + 6 * STEP * (k / 2) + STEP * (k % 2) & USER;
            long q = x + 64L * (k / 2) & USER;
            long sum = sums + 8L * (k / 2) & USER;
            long out = to + 4 * STEP * (k / 2) + STEP * (k % 2) & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, at + 2 * STEP, ORDER);
            ShortVector c = ShortVector.fromMemorySegment(S, ALL, at + 4 * STEP, ORDER);
            ShortVector s = IntVector.broadcast(I, ALL.get(INT, sum)).reinterpretAsShorts().mul((short) -4);
            ShortVector t = IntVector.broadcast(I, ALL.get(INT, sum + 4)).reinterpretAsShorts().mul((short) -4);
            s = s.add(a.and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 3).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 4)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 6).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 8)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 9).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 12)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 12).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 16)).reinterpretAsShorts()));
            s = s.add(b.and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 20)).reinterpretAsShorts()));
            s = s.add(b.lanewise(VectorOperators.LSHR, 3).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 24)).reinterpretAsShorts()));
            s = s.add(b.lanewise(VectorOperators.LSHR, 6).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 28)).reinterpretAsShorts()));
            t = t.add(b.lanewise(VectorOperators.LSHR, 9).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 32)).reinterpretAsShorts()));
            t = t.add(b.lanewise(VectorOperators.LSHR, 12).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 36)).reinterpretAsShorts()));
            t = t.add(c.and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 40)).reinterpretAsShorts()));
            t = t.add(c.lanewise(VectorOperators.LSHR, 3).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 44)).reinterpretAsShorts()));
            t = t.add(c.lanewise(VectorOperators.LSHR, 6).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 48)).reinterpretAsShorts()));
            t = t.add(c.lanewise(VectorOperators.LSHR, 9).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 52)).reinterpretAsShorts()));
            t = t.add(c.lanewise(VectorOperators.LSHR, 12).and((short) 7).mul(IntVector.broadcast(I, ALL.get(INT, q + 56)).reinterpretAsShorts()));
            t = t.add(a.lanewise(VectorOperators.LSHR, 15)
                    .or(b.lanewise(VectorOperators.LSHR, 14).and((short) 2))
                    .or(c.lanewise(VectorOperators.LSHR, 13).and((short) 4))
                    .mul(IntVector.broadcast(I, ALL.get(INT, q + 60)).reinterpretAsShorts()));
            s.intoMemorySegment(ALL, out, ORDER);
            t.intoMemorySegment(ALL, out + 2 * STEP, ORDER);
        }
    }

    /// n − 4 as 16-bit numbers, two vectors for each pair.
    static void unpack(long to, long w, int blocks) {
        for (int k = 0; k < 2 * blocks; k++) {
            // half h of the rows of block b: k = 2b + h
            long from = w + 6 * STEP * (k / 2) + STEP * (k % 2) & USER;
            long at = to + 32 * STEP * (k / 2) + STEP * (k % 2) & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, from, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, from + 2 * STEP, ORDER);
            ShortVector c = ShortVector.fromMemorySegment(S, ALL, from + 4 * STEP, ORDER);
            a.and((short) 7).sub((short) 4).intoMemorySegment(ALL, at, ORDER);
            a.lanewise(VectorOperators.LSHR, 3).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 2 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 6).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 4 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 9).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 6 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 12).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 8 * STEP, ORDER);
            b.and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 10 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 3).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 12 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 6).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 14 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 9).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 16 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 12).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 18 * STEP, ORDER);
            c.and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 20 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 3).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 22 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 6).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 24 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 9).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 26 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 12).and((short) 7).sub((short) 4).intoMemorySegment(ALL, at + 28 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 15)
                    .or(b.lanewise(VectorOperators.LSHR, 14).and((short) 2))
                    .or(c.lanewise(VectorOperators.LSHR, 13).and((short) 4)).sub((short) 4)
                    .intoMemorySegment(ALL, at + 30 * STEP, ORDER);
        }
    }
}
