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

/// Packed integers of four bits: four words of 16 bits hold the 16 pairs of a block, word j the pairs 2j, 2j + 8, 2j + 1 and
/// 2j + 9 from its low bits up.
final class Words4 {
    private Words4() {
    }

    /// Packs the integers of one row, a byte each.
    ///
    /// @param to the row's place in the first word
    static void pack(long to, long n, int blocks) {
        for (int b = 0; b < blocks; b++) {
            for (int j = 0; j < 4; j++) {
                int bytes = Memory.i32(n + 4 * j) | Memory.i32(n + 4 * j + 16) << 4;
                // elements of even numbers to the lower half
                Memory.i32(to, bytes & 0xff0000ff | bytes >>> 8 & 0xff00 | (bytes & 0xff00) << 8);
                to += 4L * ROWS;
            }
            n += 32;
        }
    }

    /// Σ (n − 8)·q over the even and over the odd elements of each block.
    ///
    /// @param to two vectors for each block
    /// @param x  activations, [Int8Rows]
    /// @param sums of the same
    static void dot(long to, long w, long x, long sums, int blocks) {
        for (int b = 0; b < blocks; b++) {
            long v = x + 64L * b & USER;
            ShortVector s0 = IntVector.broadcast(I, ALL.get(INT, sums + 8L * b & USER)).reinterpretAsShorts()
                    .add(IntVector.broadcast(I, ALL.get(INT, sums + 8L * b + 4 & USER)).reinterpretAsShorts()).mul((short) -8);
            ShortVector s1 = s0;
            for (int j = 0; j < 4; j++) {
                long at = w + (8L * b + 2 * j) * STEP & USER;
                long q = v + 8L * j & USER;
                ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
                ShortVector c = ShortVector.fromMemorySegment(S, ALL, at + STEP, ORDER);
                ShortVector pair = IntVector.broadcast(I, ALL.get(INT, q)).reinterpretAsShorts();
                s0 = a.and((short) 15).mul(pair).add(s0);
                s1 = c.and((short) 15).mul(pair).add(s1);
                pair = IntVector.broadcast(I, ALL.get(INT, q + 32)).reinterpretAsShorts();
                s0 = a.lanewise(VectorOperators.LSHR, 4).and((short) 15).mul(pair).add(s0);
                s1 = c.lanewise(VectorOperators.LSHR, 4).and((short) 15).mul(pair).add(s1);
                pair = IntVector.broadcast(I, ALL.get(INT, q + 4)).reinterpretAsShorts();
                s0 = a.lanewise(VectorOperators.LSHR, 8).and((short) 15).mul(pair).add(s0);
                s1 = c.lanewise(VectorOperators.LSHR, 8).and((short) 15).mul(pair).add(s1);
                pair = IntVector.broadcast(I, ALL.get(INT, q + 36)).reinterpretAsShorts();
                s0 = a.lanewise(VectorOperators.LSHR, 12).mul(pair).add(s0);
                s1 = c.lanewise(VectorOperators.LSHR, 12).mul(pair).add(s1);
            }
            long out = to + 2 * STEP * b & USER;
            s0.intoMemorySegment(ALL, out, ORDER);
            s1.intoMemorySegment(ALL, out + STEP, ORDER);
        }
    }

    /// n − 8 as 16-bit numbers, two vectors for each pair.
    static void unpack(long to, long w, int blocks) {
        for (int k = 0; k < 8 * blocks; k++) {
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, w + STEP * k & USER, ORDER);
            // word j of a block and half h of the rows: k = 8·block + 2j + h
            long at = to + 32 * STEP * (k / 8) + 4 * STEP * (k / 2 % 4) + STEP * (k % 2) & USER;
            a.and((short) 15).sub((short) 8).intoMemorySegment(ALL, at, ORDER);
            a.lanewise(VectorOperators.LSHR, 4).and((short) 15).sub((short) 8).intoMemorySegment(ALL, at + 16 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 8).and((short) 15).sub((short) 8).intoMemorySegment(ALL, at + 2 * STEP, ORDER);
            a.lanewise(VectorOperators.LSHR, 12).sub((short) 8).intoMemorySegment(ALL, at + 18 * STEP, ORDER);
        }
    }
}
