package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Int8Rows.GROUP;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.SHORT;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
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
    private static final VectorShuffle<Short> IN_ORDER = VectorShuffle.fromOp(S, RowsQ4::folded);
    private static final VectorMask<Short> UPPER_HALF = VectorMask.fromLong(S, GROUP == 8 ? 0xf0 : 0xff00);
    private static final VectorMask<Short> UPPER_4 = VectorMask.fromLong(S, 0xf0f0);
    private static final VectorMask<Short> UPPER_2 = VectorMask.fromLong(S, 0xcccc);
    private static final VectorMask<Short> UPPER_1 = VectorMask.fromLong(S, 0xaaaa);

    /// Bytes of a vector of [#S].
    private static final long STEP = 2L * GROUP;

    private RowsQ4() {
    }

    /// The lane where folding leaves block `b` of a group, which began with neighbours in the halves of a vector.
    private static int folded(int b) {
        return b % 2 * (GROUP / 2) + b / 2;
    }

    /// Scratch memory that [#product] needs.
    static long scratchBytes(int inner) {
        int blocks = Int8Rows.blocks(inner);
        return (STEP / 2 + 4 + BLOCK_BYTES) * blocks + LaneSums.BYTES;
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i].
    ///
    /// @param x rows of [Int8Rows], `xBytes` apart
    static void product(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner,
            long scratch) {
        int blocks = inner / 32;
        int padded = Int8Rows.blocks(inner);
        long lanes = scratch;
        long products = lanes + LaneSums.BYTES;
        long scales = products + STEP / 2 * padded;
        long copy = scales + 4L * padded;
        for (int t = 0; t < tokens; t++) {
            long xRow = x + t * xBytes;
            for (int o = 0; o < rows; o += 16) {
                int some = Math.min(16, rows - o);
                for (int r = 0; r < some; r++) {
                    long row = w + (o + r) * rowBytes;
                    if (blocks < padded) {
                        row = padded(copy, row, blocks, padded);
                    }
                    products(products, scales, row, xRow, padded);
                    sums(lanes + 4L * COUNT * r, products, scales, xRow + Int8Rows.scalesAt(inner),
                            xRow + Int8Rows.sumsAt(inner), padded);
                }
                LaneSums.fold(lanes, lanes);
                Memory.copy(y + t * yBytes + 4L * o, lanes, 4L * some);
            }
        }
    }

    private static long padded(long to, long from, int blocks, int padded) {
        Memory.copy(to, from, (long) BLOCK_BYTES * blocks);
        ALL.asSlice(to + (long) BLOCK_BYTES * blocks, (long) BLOCK_BYTES * (padded - blocks)).fill((byte) 0);
        return to;
    }

    /// Σ n·q modulo 2¹⁶ over parts of the blocks, two blocks in the halves of a vector, and the blocks' scales; four blocks at
    /// a time, with one address for each array.
    private static void products(long to, long scales, long w, long x, int blocks) {
        for (int b = 0; b < blocks; b += 4) {
            long w0 = w + BLOCK_BYTES * (long) b & USER;
            long x0 = x + 64L * b & USER;
            long to0 = to + STEP / 2 * b & USER;
            long scale = scales + 4L * b & USER;
            ShortVector n0 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 2, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
            ShortVector p0 = n0.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0, ORDER))
                    .add(n0.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 32, ORDER)));
            ShortVector n1 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 20, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
            ShortVector p1 = n1.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 64, ORDER))
                    .add(n1.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 96, ORDER)));
            ShortVector n2 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 38, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
            ShortVector p2 = n2.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 128, ORDER))
                    .add(n2.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 160, ORDER)));
            ShortVector n3 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 56, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
            ShortVector p3 = n3.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 192, ORDER))
                    .add(n3.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 224, ORDER)));
            if (GROUP == 8) { // that was half of each block
                n0 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 10, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
                p0 = p0.add(n0.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 16, ORDER)))
                        .add(n0.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 48, ORDER)));
                n1 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 28, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
                p1 = p1.add(n1.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 80, ORDER)))
                        .add(n1.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 112, ORDER)));
                n2 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 46, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
                p2 = p2.add(n2.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 144, ORDER)))
                        .add(n2.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 176, ORDER)));
                n3 = (ShortVector) ByteVector.fromMemorySegment(B, ALL, w0 + 64, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2S, S, 0);
                p3 = p3.add(n3.and((short) 15).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 208, ORDER)))
                        .add(n3.lanewise(VectorOperators.LSHR, 4).mul(ShortVector.fromMemorySegment(S, ALL, x0 + 240, ORDER)));
            }
            p0.blend(p1, UPPER_HALF).add(p1.blend(p0, UPPER_HALF).rearrange(BY_HALF)).intoMemorySegment(ALL, to0, ORDER);
            p2.blend(p3, UPPER_HALF).add(p3.blend(p2, UPPER_HALF).rearrange(BY_HALF)).intoMemorySegment(ALL, to0 + STEP, ORDER);
            ALL.set(FLOAT, scale, Float.float16ToFloat(ALL.get(SHORT, w0)));
            ALL.set(FLOAT, scale + 4, Float.float16ToFloat(ALL.get(SHORT, w0 + 18)));
            ALL.set(FLOAT, scale + 8, Float.float16ToFloat(ALL.get(SHORT, w0 + 36)));
            ALL.set(FLOAT, scale + 12, Float.float16ToFloat(ALL.get(SHORT, w0 + 54)));
        }
    }

    /// Folds the parts of each group's blocks to S, a lane each, and adds up the blocks.
    private static void sums(long to, long products, long scales, long e, long eights, int blocks) {
        FloatVector sum = FloatVector.zero(F);
        FloatVector other = FloatVector.zero(F);
        for (int group = 0; group < blocks; group += GROUP) {
            long at = products & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, at + STEP, ORDER);
            ShortVector c = ShortVector.fromMemorySegment(S, ALL, at + 2 * STEP, ORDER);
            ShortVector d = ShortVector.fromMemorySegment(S, ALL, at + 3 * STEP, ORDER);
            if (GROUP > 8) {
                ShortVector p = ShortVector.fromMemorySegment(S, ALL, at + 4 * STEP, ORDER);
                ShortVector q = ShortVector.fromMemorySegment(S, ALL, at + 5 * STEP, ORDER);
                ShortVector r = ShortVector.fromMemorySegment(S, ALL, at + 6 * STEP, ORDER);
                ShortVector s = ShortVector.fromMemorySegment(S, ALL, at + 7 * STEP, ORDER);
                a = a.blend(p, UPPER_4).add(p.blend(a, UPPER_4).rearrange(BY_4));
                b = b.blend(q, UPPER_4).add(q.blend(b, UPPER_4).rearrange(BY_4));
                c = c.blend(r, UPPER_4).add(r.blend(c, UPPER_4).rearrange(BY_4));
                d = d.blend(s, UPPER_4).add(s.blend(d, UPPER_4).rearrange(BY_4));
            }
            a = a.blend(c, UPPER_2).add(c.blend(a, UPPER_2).rearrange(BY_2));
            b = b.blend(d, UPPER_2).add(d.blend(b, UPPER_2).rearrange(BY_2));
            a = a.blend(b, UPPER_1).add(b.blend(a, UPPER_1).rearrange(BY_1)).rearrange(IN_ORDER)
                    .sub(ShortVector.fromMemorySegment(S, ALL, eights & USER, ORDER));
            FloatVector f = (FloatVector) a.convertShape(VectorOperators.S2F, F, 0);
            sum = f.fma(FloatVector.fromMemorySegment(F, ALL, scales & USER, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, ALL, e & USER, ORDER)), sum);
            if (GROUP > COUNT) {
                f = (FloatVector) a.convertShape(VectorOperators.S2F, F, 1);
                other = f.fma(FloatVector.fromMemorySegment(F, ALL, (scales & USER) + 4 * COUNT, ORDER)
                        .mul(FloatVector.fromMemorySegment(F, ALL, (e & USER) + 4 * COUNT, ORDER)), other);
            }
            products += STEP * GROUP / 2;
            scales += 4 * GROUP;
            e += 4 * GROUP;
            eights += 2 * GROUP;
        }
        (GROUP > COUNT ? sum.add(other) : sum).intoMemorySegment(ALL, to & USER, ORDER);
    }
}
