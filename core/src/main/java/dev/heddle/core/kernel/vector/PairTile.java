package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import jdk.incubator.vector.FloatVector;

/// The tile of [Panel] for weights that were quantized, in the order of [RowsQuantized]: the products of two neighbouring
/// vectors are added to each other before they are added to the sum.
final class PairTile {
    private PairTile() {
    }

    /// Adds to the 16 accumulators at `sums` what `n` elements of the inner width give.
    ///
    /// @param n     a multiple of two vectors
    /// @param fresh whether the accumulators begin at zero
    static void add(long sums, long x0, long x1, long x2, long x3, long w0, long rowBytes, int n, boolean fresh) {
        sums &= USER;
        long step = 4L * Lanes.COUNT;
        long w1 = w0 + rowBytes;
        long w2 = w1 + rowBytes;
        long w3 = w2 + rowBytes;
        FloatVector s00 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums, ORDER);
        FloatVector s01 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 4 * step, ORDER);
        FloatVector s02 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 8 * step, ORDER);
        FloatVector s03 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 12 * step, ORDER);
        FloatVector s10 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + step, ORDER);
        FloatVector s11 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 5 * step, ORDER);
        FloatVector s12 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 9 * step, ORDER);
        FloatVector s13 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 13 * step, ORDER);
        FloatVector s20 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 2 * step, ORDER);
        FloatVector s21 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 6 * step, ORDER);
        FloatVector s22 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 10 * step, ORDER);
        FloatVector s23 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 14 * step, ORDER);
        FloatVector s30 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 3 * step, ORDER);
        FloatVector s31 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 7 * step, ORDER);
        FloatVector s32 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 11 * step, ORDER);
        FloatVector s33 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, sums + 15 * step, ORDER);
        for (int i = 0; i < n; i += 2 * Lanes.COUNT) {
            long at = 4L * i;
            FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, x0 + at & USER, ORDER);
            FloatVector u0 = FloatVector.fromMemorySegment(F, ALL, (x0 + at & USER) + step, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, x1 + at & USER, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(F, ALL, (x1 + at & USER) + step, ORDER);
            FloatVector v2 = FloatVector.fromMemorySegment(F, ALL, x2 + at & USER, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(F, ALL, (x2 + at & USER) + step, ORDER);
            FloatVector v3 = FloatVector.fromMemorySegment(F, ALL, x3 + at & USER, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(F, ALL, (x3 + at & USER) + step, ORDER);
            FloatVector a = FloatVector.fromMemorySegment(F, ALL, w0 + at & USER, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(F, ALL, (w0 + at & USER) + step, ORDER);
            s00 = s00.add(b.fma(u0, a.mul(v0)));
            s01 = s01.add(b.fma(u1, a.mul(v1)));
            s02 = s02.add(b.fma(u2, a.mul(v2)));
            s03 = s03.add(b.fma(u3, a.mul(v3)));
            a = FloatVector.fromMemorySegment(F, ALL, w1 + at & USER, ORDER);
            b = FloatVector.fromMemorySegment(F, ALL, (w1 + at & USER) + step, ORDER);
            s10 = s10.add(b.fma(u0, a.mul(v0)));
            s11 = s11.add(b.fma(u1, a.mul(v1)));
            s12 = s12.add(b.fma(u2, a.mul(v2)));
            s13 = s13.add(b.fma(u3, a.mul(v3)));
            a = FloatVector.fromMemorySegment(F, ALL, w2 + at & USER, ORDER);
            b = FloatVector.fromMemorySegment(F, ALL, (w2 + at & USER) + step, ORDER);
            s20 = s20.add(b.fma(u0, a.mul(v0)));
            s21 = s21.add(b.fma(u1, a.mul(v1)));
            s22 = s22.add(b.fma(u2, a.mul(v2)));
            s23 = s23.add(b.fma(u3, a.mul(v3)));
            a = FloatVector.fromMemorySegment(F, ALL, w3 + at & USER, ORDER);
            b = FloatVector.fromMemorySegment(F, ALL, (w3 + at & USER) + step, ORDER);
            s30 = s30.add(b.fma(u0, a.mul(v0)));
            s31 = s31.add(b.fma(u1, a.mul(v1)));
            s32 = s32.add(b.fma(u2, a.mul(v2)));
            s33 = s33.add(b.fma(u3, a.mul(v3)));
        }
        s00.intoMemorySegment(ALL, sums, ORDER);
        s01.intoMemorySegment(ALL, sums + 4 * step, ORDER);
        s02.intoMemorySegment(ALL, sums + 8 * step, ORDER);
        s03.intoMemorySegment(ALL, sums + 12 * step, ORDER);
        s10.intoMemorySegment(ALL, sums + step, ORDER);
        s11.intoMemorySegment(ALL, sums + 5 * step, ORDER);
        s12.intoMemorySegment(ALL, sums + 9 * step, ORDER);
        s13.intoMemorySegment(ALL, sums + 13 * step, ORDER);
        s20.intoMemorySegment(ALL, sums + 2 * step, ORDER);
        s21.intoMemorySegment(ALL, sums + 6 * step, ORDER);
        s22.intoMemorySegment(ALL, sums + 10 * step, ORDER);
        s23.intoMemorySegment(ALL, sums + 14 * step, ORDER);
        s30.intoMemorySegment(ALL, sums + 3 * step, ORDER);
        s31.intoMemorySegment(ALL, sums + 7 * step, ORDER);
        s32.intoMemorySegment(ALL, sums + 11 * step, ORDER);
        s33.intoMemorySegment(ALL, sums + 15 * step, ORDER);
    }
}
