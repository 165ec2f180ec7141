package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.B;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Products of few f32 activation rows with a panel of q8_0 weights as [Bytes8] lays them out, in its order.
///
/// A weight is converted once for all rows. Memory is read as one stream: two blocks at a time, whose sums would not wait for
/// each other, come from memory at a third of the speed.
final class PackedFloatRows {
    /// Most activation rows of a product.
    static final int TOKENS = PackedRows.TOKENS;

    /// Scratch memory that [#product] needs.
    static final long SCRATCH = 4 * 2 * STEP;

    private static final long BLOCK = Bytes8.BLOCK;
    private static final long BYTES = Bytes8.SCALES;

    private PackedFloatRows() {
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for `rows` outputs from row `skip` of the panel on.
    static void product(long y, long yBytes, long x, long xBytes, int tokens, long panel, int skip, int rows, int inner, long scratch) {
        for (int t = 0; t < tokens;) {
            int n = tokens - t == 1 ? 1 : tokens - t == 2 ? 2 : Math.min(4, tokens - t);
            long row = x + t * xBytes;
            switch (n) {
                case 1 -> one(scratch, row, panel, inner / 32);
                case 2 -> two(scratch, row, row + xBytes, panel, inner / 32);
                default -> four(scratch, row, row + xBytes, row + 2 * xBytes, row + (n - 1) * xBytes, panel, inner / 32);
            }
            for (int k = 0; k < n; k++) {
                Memory.copy(y + (t + k) * yBytes, scratch + 2 * STEP * k + 4L * skip, 4L * rows);
            }
            t += n;
        }
    }

    private static void one(long sums, long x, long panel, int blocks) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        for (int b = 0; b < blocks; b++) {
            long block = panel + BLOCK * b;
            FloatVector p0 = FloatVector.zero(F);
            FloatVector p1 = FloatVector.zero(F);
            for (int i = 0; i < 32; i += 4) {
                long v = x + 128L * b + 4L * i & USER;
                long at = block + BYTES + (long) ROWS * i & USER;
                FloatVector e = FloatVector.broadcast(F, ALL.get(FLOAT, v));
                p0 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p0);
                p1 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p1);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, v + 4));
                p0 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + ROWS, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p0);
                p1 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + ROWS + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p1);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, v + 8));
                p0 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + 2 * ROWS, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p0);
                p1 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + 2 * ROWS + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p1);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, v + 12));
                p0 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + 3 * ROWS, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p0);
                p1 = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + 3 * ROWS + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).fma(e, p1);
            }
            s0 = Lanes.loadFiniteFloat16(block).fma(p0, s0);
            s1 = Lanes.loadFiniteFloat16(block + 2 * COUNT).fma(p1, s1);
        }
        sums &= USER;
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + STEP, ORDER);
    }

    private static void two(long sums, long x0, long x1, long panel, int blocks) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        for (int b = 0; b < blocks; b++) {
            long block = panel + BLOCK * b;
            FloatVector p00 = FloatVector.zero(F);
            FloatVector p01 = FloatVector.zero(F);
            FloatVector p10 = FloatVector.zero(F);
            FloatVector p11 = FloatVector.zero(F);
            for (int i = 0; i < 32; i++) {
                long v = 128L * b + 4L * i;
                long at = block + (long) ROWS * i & USER;
                FloatVector a = (FloatVector) ByteVector.fromMemorySegment(B, ALL, at + BYTES, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0);
                FloatVector c = (FloatVector) ByteVector.fromMemorySegment(B, ALL, at + BYTES + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0);
                FloatVector e = FloatVector.broadcast(F, ALL.get(FLOAT, x0 + v & USER));
                p00 = a.fma(e, p00);
                p01 = c.fma(e, p01);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, x1 + v & USER));
                p10 = a.fma(e, p10);
                p11 = c.fma(e, p11);
            }
            FloatVector d = Lanes.loadFiniteFloat16(block);
            s00 = d.fma(p00, s00);
            s10 = d.fma(p10, s10);
            d = Lanes.loadFiniteFloat16(block + 2 * COUNT);
            s01 = d.fma(p01, s01);
            s11 = d.fma(p11, s11);
        }
        sums &= USER;
        s00.intoMemorySegment(ALL, sums, ORDER);
        s01.intoMemorySegment(ALL, sums + STEP, ORDER);
        s10.intoMemorySegment(ALL, sums + 2 * STEP, ORDER);
        s11.intoMemorySegment(ALL, sums + 3 * STEP, ORDER);
    }

    private static void four(long sums, long x0, long x1, long x2, long x3, long panel, int blocks) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F);
        FloatVector s21 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F);
        FloatVector s31 = FloatVector.zero(F);
        for (int b = 0; b < blocks; b++) {
            long block = panel + BLOCK * b;
            FloatVector p00 = FloatVector.zero(F);
            FloatVector p01 = FloatVector.zero(F);
            FloatVector p10 = FloatVector.zero(F);
            FloatVector p11 = FloatVector.zero(F);
            FloatVector p20 = FloatVector.zero(F);
            FloatVector p21 = FloatVector.zero(F);
            FloatVector p30 = FloatVector.zero(F);
            FloatVector p31 = FloatVector.zero(F);
            for (int i = 0; i < 32; i++) {
                long v = 128L * b + 4L * i;
                long at = block + (long) ROWS * i & USER;
                FloatVector a = (FloatVector) ByteVector.fromMemorySegment(B, ALL, at + BYTES, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0);
                FloatVector c = (FloatVector) ByteVector.fromMemorySegment(B, ALL, at + BYTES + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0);
                FloatVector e = FloatVector.broadcast(F, ALL.get(FLOAT, x0 + v & USER));
                p00 = a.fma(e, p00);
                p01 = c.fma(e, p01);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, x1 + v & USER));
                p10 = a.fma(e, p10);
                p11 = c.fma(e, p11);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, x2 + v & USER));
                p20 = a.fma(e, p20);
                p21 = c.fma(e, p21);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, x3 + v & USER));
                p30 = a.fma(e, p30);
                p31 = c.fma(e, p31);
            }
            FloatVector d = Lanes.loadFiniteFloat16(block);
            s00 = d.fma(p00, s00);
            s10 = d.fma(p10, s10);
            s20 = d.fma(p20, s20);
            s30 = d.fma(p30, s30);
            d = Lanes.loadFiniteFloat16(block + 2 * COUNT);
            s01 = d.fma(p01, s01);
            s11 = d.fma(p11, s11);
            s21 = d.fma(p21, s21);
            s31 = d.fma(p31, s31);
        }
        sums &= USER;
        s00.intoMemorySegment(ALL, sums, ORDER);
        s01.intoMemorySegment(ALL, sums + STEP, ORDER);
        s10.intoMemorySegment(ALL, sums + 2 * STEP, ORDER);
        s11.intoMemorySegment(ALL, sums + 3 * STEP, ORDER);
        s20.intoMemorySegment(ALL, sums + 4 * STEP, ORDER);
        s21.intoMemorySegment(ALL, sums + 5 * STEP, ORDER);
        s30.intoMemorySegment(ALL, sums + 6 * STEP, ORDER);
        s31.intoMemorySegment(ALL, sums + 7 * STEP, ORDER);
    }
}
