package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Products of many f32 activation rows with a panel of weights that [Bytes8#unpack] has expanded to f32, in the order given
/// there.
///
/// The sums of six activation rows with two vectors of outputs, and those of their blocks, stay in registers from the first
/// element to the last. Outputs lie side by side in lanes, so that nothing is left to be summed across lanes.
final class PackedFloatTile {
    /// Activation rows of a tile.
    static final int TOKENS = PackedTile.TOKENS;

    private static final long BLOCK = Bytes8.UNPACKED;
    private static final long FIRST = 2 * STEP;

    private PackedFloatTile() {
    }

    /// Bytes of an expanded panel with rows of `inner` elements, and of the scratch memory behind it.
    static long bytes(int inner) {
        return BLOCK * (inner / 32) + 2 * TOKENS * STEP;
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for up to [#TOKENS] activation rows and `rows` outputs from row `skip` of the panel on.
    static void product(long y, long yBytes, long x, long xBytes, int tokens, long panel, int skip, int rows, int inner) {
        long sums = panel + BLOCK * (inner / 32);
        tile(sums, x, x + Math.min(1, tokens - 1) * xBytes, x + Math.min(2, tokens - 1) * xBytes, x + Math.min(3, tokens - 1) * xBytes,
                x + Math.min(4, tokens - 1) * xBytes, x + Math.min(5, tokens - 1) * xBytes, panel, inner / 32);
        for (int t = 0; t < tokens; t++) {
            Memory.copy(y + t * yBytes, sums + 2 * STEP * t + 4L * skip, 4L * rows);
        }
    }

    private static void tile(long sums, long x0, long x1, long x2, long x3, long x4, long x5, long panel, int blocks) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F);
        FloatVector s21 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F);
        FloatVector s31 = FloatVector.zero(F);
        FloatVector s40 = FloatVector.zero(F);
        FloatVector s41 = FloatVector.zero(F);
        FloatVector s50 = FloatVector.zero(F);
        FloatVector s51 = FloatVector.zero(F);
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
            FloatVector p40 = FloatVector.zero(F);
            FloatVector p41 = FloatVector.zero(F);
            FloatVector p50 = FloatVector.zero(F);
            FloatVector p51 = FloatVector.zero(F);
            for (int i = 0; i < 32; i++) {
                long v = 128L * b + 4L * i;
                long at = block + 4L * ROWS * i & USER;
                FloatVector a = FloatVector.fromMemorySegment(F, ALL, at + FIRST, ORDER);
                FloatVector c = FloatVector.fromMemorySegment(F, ALL, at + FIRST + STEP, ORDER);
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
                e = FloatVector.broadcast(F, ALL.get(FLOAT, x4 + v & USER));
                p40 = a.fma(e, p40);
                p41 = c.fma(e, p41);
                e = FloatVector.broadcast(F, ALL.get(FLOAT, x5 + v & USER));
                p50 = a.fma(e, p50);
                p51 = c.fma(e, p51);
            }
            block &= USER;
            FloatVector d = FloatVector.fromMemorySegment(F, ALL, block, ORDER);
            s00 = d.fma(p00, s00);
            s10 = d.fma(p10, s10);
            s20 = d.fma(p20, s20);
            s30 = d.fma(p30, s30);
            s40 = d.fma(p40, s40);
            s50 = d.fma(p50, s50);
            d = FloatVector.fromMemorySegment(F, ALL, block + STEP, ORDER);
            s01 = d.fma(p01, s01);
            s11 = d.fma(p11, s11);
            s21 = d.fma(p21, s21);
            s31 = d.fma(p31, s31);
            s41 = d.fma(p41, s41);
            s51 = d.fma(p51, s51);
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
        s40.intoMemorySegment(ALL, sums + 8 * STEP, ORDER);
        s41.intoMemorySegment(ALL, sums + 9 * STEP, ORDER);
        s50.intoMemorySegment(ALL, sums + 10 * STEP, ORDER);
        s51.intoMemorySegment(ALL, sums + 11 * STEP, ORDER);
    }
}
