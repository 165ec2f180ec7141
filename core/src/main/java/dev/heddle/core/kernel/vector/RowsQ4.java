package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Int8Rows.GROUP;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Products of few activation rows with q4_0 weights, read in place, in integers.
///
/// With activations x ≈ e·q ([Int8Rows]) and weights d·(n − 8), a block of 32 elements contributes d·e·S, where
/// S = Σ (n − 8)·q is an integer of at most 32·8·127 < 2¹⁵ in magnitude. It is computed as Σ n·q − 8·Σ q modulo 2¹⁶, so
/// all of it stays in 16-bit lanes, and it is exact whatever the order. In floating point, accumulator l of an output
/// sums the blocks l, l + G, l + 2G, … (G = [Int8Rows#GROUP]), each as fma(S, d·e, sum); then accumulators are added as
/// [Lanes#sum] does. [PanelQ4] holds to the same order.
final class RowsQ4 {
    static final int BLOCK_BYTES = 18;

    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * GROUP));
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * GROUP));

    private static final VectorShuffle<Short> BY_HALF = VectorShuffle.fromOp(S, lane -> lane ^ GROUP / 2);
    private static final VectorShuffle<Short> BY_4 = VectorShuffle.fromOp(S, lane -> lane ^ 4);
    private static final VectorShuffle<Short> BY_2 = VectorShuffle.fromOp(S, lane -> lane ^ 2);
    private static final VectorShuffle<Short> BY_1 = VectorShuffle.fromOp(S, lane -> lane ^ 1);
    private static final VectorMask<Short> UPPER_HALF = VectorMask.fromLong(S, GROUP == 8 ? 0xf0 : 0xff00);
    private static final VectorMask<Short> UPPER_4 = VectorMask.fromLong(S, 0xf0f0);
    private static final VectorMask<Short> UPPER_2 = VectorMask.fromLong(S, 0xcccc);
    private static final VectorMask<Short> UPPER_1 = VectorMask.fromLong(S, 0xaaaa);

    /// Bytes of a vector of [#S].
    private static final long STEP = 2L * GROUP;

    private RowsQ4() {
    }

    /// Scratch memory that [#product] needs.
    static long scratchBytes(int inner) {
        return GROUP * (STEP + BLOCK_BYTES) + 4L * Int8Rows.blocks(inner);
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i].
    ///
    /// @param x rows of [Int8Rows], `xBytes` apart
    static void product(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner,
            long scratch) {
        int blocks = inner / 32;
        int padded = Int8Rows.blocks(inner);
        long sums = scratch + GROUP * (STEP + BLOCK_BYTES);
        long halves = sums + 2L * padded;
        for (int o = 0; o < rows; o++) {
            long row = w + o * rowBytes;
            for (int t = 0; t < tokens; t++) {
                long xRow = x + t * xBytes;
                for (int b = 0; b < padded; b += GROUP) {
                    long from = row + (long) BLOCK_BYTES * b;
                    if (b + GROUP > blocks) {
                        from = paddedBlocks(scratch + GROUP * STEP, from, blocks - b);
                    }
                    products(scratch, halves + 2L * b, from, xRow + 64L * b);
                    fold(sums + 2L * b, scratch);
                }
                Memory.f32(y + t * yBytes + 4L * o,
                        total(sums, halves, xRow + Int8Rows.scalesAt(inner), xRow + Int8Rows.sumsAt(inner), padded));
            }
        }
    }

    private static long paddedBlocks(long to, long from, int blocks) {
        Memory.copy(to, from, (long) BLOCK_BYTES * blocks);
        ALL.asSlice(to + (long) BLOCK_BYTES * blocks, (long) BLOCK_BYTES * (GROUP - blocks)).fill((byte) 0);
        return to;
    }

    /// Σ n·q modulo 2¹⁶ of the blocks of a group, two of them in halves of a vector, and copies of their scales.
    private static void products(long scratch, long halves, long w, long x) {
        for (int b = 0; b < GROUP / 2; b++) {
            long w0 = w + (long) BLOCK_BYTES * b & USER;
            long w1 = w0 + BLOCK_BYTES * (GROUP / 2);
            long x0 = x + 64L * b & USER;
            long x1 = x0 + 32L * GROUP;
            ShortVector n0 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 2, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
            ShortVector n1 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w1 + 2, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
            ShortVector p0 = n0.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0, ORDER))
                    .add(n0.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 32, ORDER)));
            ShortVector p1 = n1.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x1, ORDER))
                    .add(n1.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x1 + 32, ORDER)));
            if (GROUP == 8) { // that was half of each block
                n0 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 10, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
                n1 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w1 + 10, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
                p0 = p0.add(n0.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 16, ORDER)))
                        .add(n0.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 48, ORDER)));
                p1 = p1.add(n1.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x1 + 16, ORDER)))
                        .add(n1.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x1 + 48, ORDER)));
            }
            p0.blend(p1, UPPER_HALF).add(p1.blend(p0, UPPER_HALF).rearrange(BY_HALF))
                    .intoMemorySegment(ALL, scratch + STEP * b & USER, ORDER);
            long half = halves + 2L * b & USER;
            Memory.i16(half, Memory.i16(w0));
            Memory.i16(half + GROUP, Memory.i16(w1));
        }
    }

    /// Adds the lanes of the vectors at `from`, each of which holds halves of the lanes of two blocks, to one number for
    /// each block.
    private static void fold(long to, long from) {
        if (GROUP > 8) {
            for (int n = 0; n < 4; n++) {
                long at = from + STEP * n & USER;
                ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
                ShortVector b = ShortVector.fromMemorySegment(S, ALL, at + 4 * STEP, ORDER);
                a.blend(b, UPPER_4).add(b.blend(a, UPPER_4).rearrange(BY_4)).intoMemorySegment(ALL, at, ORDER);
            }
        }
        from &= USER;
        ShortVector a = ShortVector.fromMemorySegment(S, ALL, from, ORDER);
        ShortVector b = ShortVector.fromMemorySegment(S, ALL, from + STEP, ORDER);
        ShortVector c = ShortVector.fromMemorySegment(S, ALL, from + 2 * STEP, ORDER);
        ShortVector d = ShortVector.fromMemorySegment(S, ALL, from + 3 * STEP, ORDER);
        a = a.blend(c, UPPER_2).add(c.blend(a, UPPER_2).rearrange(BY_2));
        b = b.blend(d, UPPER_2).add(d.blend(b, UPPER_2).rearrange(BY_2));
        a.blend(b, UPPER_1).add(b.blend(a, UPPER_1).rearrange(BY_1)).intoMemorySegment(ALL, to & USER, ORDER);
    }

    private static float total(long sums, long halves, long scales, long eights, int blocks) {
        FloatVector sum = FloatVector.zero(F);
        FloatVector other = FloatVector.zero(F);
        for (int b = 0; b < blocks; b += GROUP) {
            IntVector integers = (IntVector) ShortVector.fromMemorySegment(Lanes.S, ALL, sums + 2L * b & USER, ORDER)
                    .sub(ShortVector.fromMemorySegment(Lanes.S, ALL, eights + 2L * b & USER, ORDER))
                    .convertShape(VectorOperators.S2I, Lanes.I, 0);
            sum = ((FloatVector) integers.convert(VectorOperators.I2F, 0)).fma(Lanes.loadFloat16(halves + 2L * b & USER)
                    .mul(FloatVector.fromMemorySegment(F, ALL, scales + 4L * b & USER, ORDER)), sum);
            if (GROUP > COUNT) {
                int half = b + COUNT;
                integers = (IntVector) ShortVector.fromMemorySegment(Lanes.S, ALL, sums + 2L * half, ORDER)
                        .sub(ShortVector.fromMemorySegment(Lanes.S, ALL, eights + 2L * half, ORDER))
                        .convertShape(VectorOperators.S2I, Lanes.I, 0);
                other = ((FloatVector) integers.convert(VectorOperators.I2F, 0)).fma(Lanes.loadFloat16(halves + 2L * half)
                        .mul(FloatVector.fromMemorySegment(F, ALL, scales + 4L * half, ORDER)), other);
            }
        }
        return Lanes.sum(GROUP > COUNT ? sum.add(other) : sum);
    }
}
