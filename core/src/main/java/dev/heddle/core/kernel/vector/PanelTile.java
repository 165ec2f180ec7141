package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.LaneSums.BY_1;
import static dev.heddle.core.kernel.vector.LaneSums.BY_2;
import static dev.heddle.core.kernel.vector.LaneSums.BY_4;
import static dev.heddle.core.kernel.vector.LaneSums.BY_8;
import static dev.heddle.core.kernel.vector.LaneSums.UPPER_1;
import static dev.heddle.core.kernel.vector.LaneSums.UPPER_2;
import static dev.heddle.core.kernel.vector.LaneSums.UPPER_4;
import static dev.heddle.core.kernel.vector.LaneSums.UPPER_8;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import jdk.incubator.vector.FloatVector;

/// The register tile of [Panel]: s[4·t + o] = Σ_i x[t,i] · w[o,i] for 4 activation rows t and 4 weight rows o.
///
/// The 16 accumulators stay in registers from the first element to the last, and where a vector has 16 lanes, so do the
/// steps that fold their lanes onto each other: through memory these take as long as the multiply-adds of 500 elements.
///
/// All is spelled out: vectors handed to a helper may become objects.
final class PanelTile {
    /// Weight rows and activation rows.
    static final int SIDE = 4;

    private PanelTile() {
    }

    /// In the order of [RowsF32].
    ///
    /// @param sums memory of [LaneSums#BYTES] bytes whose first 16 floats are the result
    /// @param w0   the first weight row; the others follow `rowBytes` apart
    /// @param n    elements of a row, whole vectors
    static void product(long sums, long x0, long x1, long x2, long x3, long w0, long rowBytes, int n) {
        sums &= USER;
        long step = 4L * Lanes.COUNT;
        long w1 = w0 + rowBytes;
        long w2 = w1 + rowBytes;
        long w3 = w2 + rowBytes;
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s02 = FloatVector.zero(F);
        FloatVector s03 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s12 = FloatVector.zero(F);
        FloatVector s13 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F);
        FloatVector s21 = FloatVector.zero(F);
        FloatVector s22 = FloatVector.zero(F);
        FloatVector s23 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F);
        FloatVector s31 = FloatVector.zero(F);
        FloatVector s32 = FloatVector.zero(F);
        FloatVector s33 = FloatVector.zero(F);
        for (int i = 0; i < n; i += Lanes.COUNT) {
            long at = 4L * i;
            FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, x0 + at & USER, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, x1 + at & USER, ORDER);
            FloatVector v2 = FloatVector.fromMemorySegment(F, ALL, x2 + at & USER, ORDER);
            FloatVector v3 = FloatVector.fromMemorySegment(F, ALL, x3 + at & USER, ORDER);
            FloatVector a = FloatVector.fromMemorySegment(F, ALL, w0 + at & USER, ORDER);
            s00 = a.fma(v0, s00);
            s01 = a.fma(v1, s01);
            s02 = a.fma(v2, s02);
            s03 = a.fma(v3, s03);
            a = FloatVector.fromMemorySegment(F, ALL, w1 + at & USER, ORDER);
            s10 = a.fma(v0, s10);
            s11 = a.fma(v1, s11);
            s12 = a.fma(v2, s12);
            s13 = a.fma(v3, s13);
            a = FloatVector.fromMemorySegment(F, ALL, w2 + at & USER, ORDER);
            s20 = a.fma(v0, s20);
            s21 = a.fma(v1, s21);
            s22 = a.fma(v2, s22);
            s23 = a.fma(v3, s23);
            a = FloatVector.fromMemorySegment(F, ALL, w3 + at & USER, ORDER);
            s30 = a.fma(v0, s30);
            s31 = a.fma(v1, s31);
            s32 = a.fma(v2, s32);
            s33 = a.fma(v3, s33);
        }
        if (Lanes.COUNT == 16) {
            s00 = s00.blend(s02, UPPER_8).add(s02.blend(s00, UPPER_8).rearrange(BY_8));
            s10 = s10.blend(s12, UPPER_8).add(s12.blend(s10, UPPER_8).rearrange(BY_8));
            s20 = s20.blend(s22, UPPER_8).add(s22.blend(s20, UPPER_8).rearrange(BY_8));
            s30 = s30.blend(s32, UPPER_8).add(s32.blend(s30, UPPER_8).rearrange(BY_8));
            s01 = s01.blend(s03, UPPER_8).add(s03.blend(s01, UPPER_8).rearrange(BY_8));
            s11 = s11.blend(s13, UPPER_8).add(s13.blend(s11, UPPER_8).rearrange(BY_8));
            s21 = s21.blend(s23, UPPER_8).add(s23.blend(s21, UPPER_8).rearrange(BY_8));
            s31 = s31.blend(s33, UPPER_8).add(s33.blend(s31, UPPER_8).rearrange(BY_8));
            s00 = s00.blend(s01, UPPER_4).add(s01.blend(s00, UPPER_4).rearrange(BY_4));
            s10 = s10.blend(s11, UPPER_4).add(s11.blend(s10, UPPER_4).rearrange(BY_4));
            s20 = s20.blend(s21, UPPER_4).add(s21.blend(s20, UPPER_4).rearrange(BY_4));
            s30 = s30.blend(s31, UPPER_4).add(s31.blend(s30, UPPER_4).rearrange(BY_4));
            s00 = s00.blend(s20, UPPER_2).add(s20.blend(s00, UPPER_2).rearrange(BY_2));
            s10 = s10.blend(s30, UPPER_2).add(s30.blend(s10, UPPER_2).rearrange(BY_2));
            s00 = s00.blend(s10, UPPER_1).add(s10.blend(s00, UPPER_1).rearrange(BY_1));
            s00.intoMemorySegment(ALL, sums, ORDER);
            return;
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
        LaneSums.fold(sums, sums);
    }
}
