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

/// Packed integers of five bits: five words of 16 bits hold the 16 pairs of a block, three in the low 15 bits of each. The bits
/// left over are those of the last pair.
final class Words5 {
    private Words5() {
    }

    /// Packs the integers of one row, a byte each.
    ///
    /// @param to the row's place in the first word
    static void pack(long to, long n, int blocks) {
        for (int b = 0; b < blocks; b++) {
            int last = pair(n, 15);
            for (int i = 0; i < 5; i++) {
                int word = (last >>> i & 0x00010001) << 15;
                for (int k = 0; k < 3; k++) {
                    word |= pair(n, 3 * i + k) << 5 * k;
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
        return two & 31 | (two & 0x1f00) << 8;
    }

    /// Σ (n − 16)·q over the even and over the odd elements of each block.
    ///
    /// @param to two vectors for each block
    /// @param x  activations, [Int8Rows]
    /// @param sums of the same
    static void dot(long to, long w, long x, long sums, int blocks) {
        for (int k = 0; k < 2 * blocks; k++) {
            // half h of the rows of block b: k = 2b + h
            long at = w + 10 * STEP * (k / 2) + STEP * (k % 2) & USER;
            long q = x + 64L * (k / 2) & USER;
            long sum = sums + 8L * (k / 2) & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, at + 2 * STEP, ORDER);
            ShortVector c = ShortVector.fromMemorySegment(S, ALL, at + 4 * STEP, ORDER);
            ShortVector d = ShortVector.fromMemorySegment(S, ALL, at + 6 * STEP, ORDER);
            ShortVector e = ShortVector.fromMemorySegment(S, ALL, at + 8 * STEP, ORDER);
            ShortVector s = IntVector.broadcast(I, ALL.get(INT, sum)).reinterpretAsShorts()
                    .add(IntVector.broadcast(I, ALL.get(INT, sum + 4)).reinterpretAsShorts()).mul((short) -16);
            s = s.add(a.and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 5).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 4)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 10).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 8)).reinterpretAsShorts()));
            s = s.add(b.and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 12)).reinterpretAsShorts()));
            s = s.add(b.lanewise(VectorOperators.LSHR, 5).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 16)).reinterpretAsShorts()));
            s = s.add(b.lanewise(VectorOperators.LSHR, 10).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 20)).reinterpretAsShorts()));
            s = s.add(c.and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 24)).reinterpretAsShorts()));
            s = s.add(c.lanewise(VectorOperators.LSHR, 5).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 28)).reinterpretAsShorts()));
            s = s.add(c.lanewise(VectorOperators.LSHR, 10).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 32)).reinterpretAsShorts()));
            s = s.add(d.and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 36)).reinterpretAsShorts()));
            s = s.add(d.lanewise(VectorOperators.LSHR, 5).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 40)).reinterpretAsShorts()));
            s = s.add(d.lanewise(VectorOperators.LSHR, 10).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 44)).reinterpretAsShorts()));
            s = s.add(e.and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 48)).reinterpretAsShorts()));
            s = s.add(e.lanewise(VectorOperators.LSHR, 5).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 52)).reinterpretAsShorts()));
            s = s.add(e.lanewise(VectorOperators.LSHR, 10).and((short) 31).mul(IntVector.broadcast(I, ALL.get(INT, q + 56)).reinterpretAsShorts()));
            s = s.add(a.lanewise(VectorOperators.LSHR, 15)
                    .or(b.lanewise(VectorOperators.LSHR, 14).and((short) 2))
                    .or(c.lanewise(VectorOperators.LSHR, 13).and((short) 4))
                    .or(d.lanewise(VectorOperators.LSHR, 12).and((short) 8))
                    .or(e.lanewise(VectorOperators.LSHR, 11).and((short) 16))
                    .mul(IntVector.broadcast(I, ALL.get(INT, q + 60)).reinterpretAsShorts()));
            s.intoMemorySegment(ALL, to + STEP * k & USER, ORDER);
        }
    }

    /// n − 16 as 16-bit numbers, two vectors for each pair.
    static void unpack(long to, long w, int blocks) {
        for (int k = 0; k < 2 * blocks; k++) {
            // half h of the rows of block b: k = 2b + h
            long from = w + 10 * STEP * (k / 2) + STEP * (k % 2) & USER;
            long at = to + 32 * STEP * (k / 2) + STEP * (k % 2) & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, from, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, from + 2 * STEP, ORDER);
            ShortVector c = ShortVector.fromMemorySegment(S, ALL, from + 4 * STEP, ORDER);
            ShortVector d = ShortVector.fromMemorySegment(S, ALL, from + 6 * STEP, ORDER);
            ShortVector e = ShortVector.fromMemorySegment(S, ALL, from + 8 * STEP, ORDER);
            a.and((short) 31).sub((short) 16).intoMemorySegment(ALL, at, ORDER);
            a.lanewise(VectorOperators.LSHR, 5).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 2 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 10).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 4 * STEP, ORDER);
            b.and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 6 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 5).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 8 * STEP, ORDER);
            b.lanewise(VectorOperators.LSHR, 10).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 10 * STEP, ORDER);
            c.and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 12 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 5).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 14 * STEP, ORDER);
            c.lanewise(VectorOperators.LSHR, 10).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 16 * STEP, ORDER);
            d.and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 18 * STEP, ORDER);
            d.lanewise(VectorOperators.LSHR, 5).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 20 * STEP, ORDER);
            d.lanewise(VectorOperators.LSHR, 10).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 22 * STEP, ORDER);
            e.and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 24 * STEP, ORDER);
            e.lanewise(VectorOperators.LSHR, 5).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 26 * STEP, ORDER);
            e.lanewise(VectorOperators.LSHR, 10).and((short) 31).sub((short) 16).intoMemorySegment(ALL, at + 28 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 15)
                    .or(b.lanewise(VectorOperators.LSHR, 14).and((short) 2))
                    .or(c.lanewise(VectorOperators.LSHR, 13).and((short) 4))
                    .or(d.lanewise(VectorOperators.LSHR, 12).and((short) 8))
                    .or(e.lanewise(VectorOperators.LSHR, 11).and((short) 16)).sub((short) 16)
                    .intoMemorySegment(ALL, at + 30 * STEP, ORDER);
        }
    }
}
