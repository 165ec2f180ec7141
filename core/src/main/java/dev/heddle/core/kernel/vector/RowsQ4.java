package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Int8Rows.GROUP;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

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

    private static final VectorShuffle<Short> BY_8 = VectorShuffle.fromOp(S, lane -> (lane ^ 8) % GROUP);
    private static final VectorShuffle<Short> BY_4 = VectorShuffle.fromOp(S, lane -> lane ^ 4);
    private static final VectorShuffle<Short> BY_2 = VectorShuffle.fromOp(S, lane -> lane ^ 2);
    private static final VectorShuffle<Short> BY_1 = VectorShuffle.fromOp(S, lane -> lane ^ 1);
    private static final VectorMask<Short> UPPER_8 = VectorMask.fromLong(S, 0xff00);
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
                    group(sums + 2L * b, halves + 2L * b, from, xRow + 64L * b, scratch);
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

    /// Σ n·q modulo 2¹⁶ of each block of a group, and copies of their scales.
    private static void group(long sums, long halves, long w, long x, long scratch) {
        for (int b = 0; b < GROUP / 2; b++) {
            long w0 = w + (long) BLOCK_BYTES * b;
            long w1 = w0 + BLOCK_BYTES * (GROUP / 2);
            long x0 = x + 64L * b;
            long x1 = x0 + 32L * GROUP;
            ShortVector p0 = pairs(w0 + 2).and((short) 15).mul(q(x0)).add(pairs(w0 + 2).lanewise(VectorOperators.LSHR, 4).mul(q(x0 + 32)));
            ShortVector p1 = pairs(w1 + 2).and((short) 15).mul(q(x1)).add(pairs(w1 + 2).lanewise(VectorOperators.LSHR, 4).mul(q(x1 + 32)));
            if (GROUP == 8) { // half a block at a time
                p0 = p0.add(pairs(w0 + 10).and((short) 15).mul(q(x0 + 16)))
                        .add(pairs(w0 + 10).lanewise(VectorOperators.LSHR, 4).mul(q(x0 + 48)));
                p1 = p1.add(pairs(w1 + 10).and((short) 15).mul(q(x1 + 16)))
                        .add(pairs(w1 + 10).lanewise(VectorOperators.LSHR, 4).mul(q(x1 + 48)));
                p0.blend(p1, UPPER_4).add(p1.blend(p0, UPPER_4).rearrange(BY_4)).intoMemorySegment(ALL, scratch + STEP * b, ORDER);
            } else {
                p0.blend(p1, UPPER_8).add(p1.blend(p0, UPPER_8).rearrange(BY_8)).intoMemorySegment(ALL, scratch + STEP * b, ORDER);
            }
            Memory.i16(halves + 2L * b, Memory.i16(w0));
            Memory.i16(halves + 2L * b + GROUP, Memory.i16(w1));
        }
        fold(sums, scratch);
    }

    private static ShortVector pairs(long address) {
        return (ShortVector) ByteVector.fromMemorySegment(B, ALL, address, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
    }

    private static ShortVector q(long address) {
        return ShortVector.fromMemorySegment(S, ALL, address, ORDER);
    }

    /// Adds the lanes of the vectors at `from`, each of which holds halves of the lanes of two blocks, to one number for
    /// each block.
    private static void fold(long to, long from) {
        if (GROUP > 8) {
            for (int n = 0; n < 4; n++) {
                ShortVector a = q(from + STEP * n);
                ShortVector b = q(from + STEP * (n + 4));
                a.blend(b, UPPER_4).add(b.blend(a, UPPER_4).rearrange(BY_4)).intoMemorySegment(ALL, from + STEP * n, ORDER);
            }
        }
        ShortVector a = q(from);
        ShortVector b = q(from + STEP);
        ShortVector c = q(from + 2 * STEP);
        ShortVector d = q(from + 3 * STEP);
        a = a.blend(c, UPPER_2).add(c.blend(a, UPPER_2).rearrange(BY_2));
        b = b.blend(d, UPPER_2).add(d.blend(b, UPPER_2).rearrange(BY_2));
        a.blend(b, UPPER_1).add(b.blend(a, UPPER_1).rearrange(BY_1)).intoMemorySegment(ALL, to, ORDER);
    }

    private static float total(long sums, long halves, long scales, long eights, int blocks) {
        FloatVector sum = Lanes.zero();
        FloatVector other = Lanes.zero();
        for (int b = 0; b < blocks; b += GROUP) {
            FloatVector f = (FloatVector) ((IntVector) whole(sums + 2L * b, eights + 2L * b)
                    .convertShape(VectorOperators.S2I, Lanes.I, 0)).convert(VectorOperators.I2F, 0);
            sum = f.fma(Lanes.loadFloat16(halves + 2L * b).mul(Lanes.load(scales + 4L * b)), sum);
            if (GROUP > COUNT) {
                int half = b + COUNT;
                f = (FloatVector) ((IntVector) whole(sums + 2L * half, eights + 2L * half)
                        .convertShape(VectorOperators.S2I, Lanes.I, 0)).convert(VectorOperators.I2F, 0);
                other = f.fma(Lanes.loadFloat16(halves + 2L * half).mul(Lanes.load(scales + 4L * half)), other);
            }
        }
        return Lanes.sum(GROUP > COUNT ? sum.add(other) : sum);
    }

    /// The integers S of COUNT blocks.
    private static ShortVector whole(long sums, long eights) {
        return ShortVector.fromMemorySegment(Lanes.S, ALL, sums, ORDER)
                .sub(ShortVector.fromMemorySegment(Lanes.S, ALL, eights, ORDER));
    }
}
