package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Products of many activation rows with a panel of weight rows that were unpacked to f32.
///
/// A tile of 4 weight rows and 4 activation rows keeps its 16 accumulators in registers while it walks a stretch
/// of the inner width, and in scratch memory between stretches, so the stretches can be as short as the
/// first-level cache likes without changing the order of a sum.
final class Panel {
    /// Weight rows and activation rows of one tile.
    static final int TILE = 4;

    /// Elements of the inner width in one stretch: long ones spend less on moving accumulators.
    static final int STRETCH = 2048;

    private Panel() {
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for up to four activation rows.
    ///
    /// @param w f32 [rows rounded up to a multiple of 4, inner], rows `rowBytes` apart
    /// @param pairs whether to sum in the order of quantized weights, [PairTile]; `inner` then consists of whole pairs
    /// @param sums scratch of [#sumsBytes] bytes
    static void four(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner,
            boolean pairs, long sums) {
        int whole = Lanes.whole(inner);
        long x1 = x + Math.min(1, tokens - 1) * xBytes;
        long x2 = x + Math.min(2, tokens - 1) * xBytes;
        long x3 = x + Math.min(3, tokens - 1) * xBytes;
        if (whole == 0) {
            ConvolutionRows.zero(sums, (int) (sumsBytes(rows) / 4));
        }
        for (int from = 0; from < whole; from += STRETCH) {
            int n = Math.min(whole - from, STRETCH);
            long at = 4L * from;
            for (int o = 0; o < rows; o += TILE) {
                long tile = sums + (long) o * TILE * 4 * Lanes.COUNT;
                if (pairs) {
                    PairTile.add(tile, x + at, x1 + at, x2 + at, x3 + at, w + o * rowBytes + at, rowBytes, n, from == 0);
                } else {
                    tile(tile, x + at, x1 + at, x2 + at, x3 + at, w + o * rowBytes + at, rowBytes, n, from == 0);
                }
            }
        }
        for (int o = 0; o < rows; o += TILE) {
            long tile = sums + (long) o * TILE * 4 * Lanes.COUNT;
            LaneSums.fold(tile, tile);
            int n = Math.min(TILE, rows - o);
            for (int t = 0; t < tokens; t++) {
                long to = y + t * yBytes + 4L * o;
                if (n == TILE) {
                    Memory.i64(to, Memory.i64(tile + 16L * t));
                    Memory.i64(to + 8, Memory.i64(tile + 16L * t + 8));
                } else {
                    Memory.copy(to, tile + 16L * t, 4L * n);
                }
                if (whole < inner) {
                    rest(to, x + t * xBytes, w + o * rowBytes, rowBytes, n, whole, inner);
                }
            }
        }
    }

    /// y[o] += Σ x[i] · w[o,i] past the last whole vector, one term after the other.
    private static void rest(long y, long x, long w, long rowBytes, int rows, int from, int inner) {
        for (int o = 0; o < rows; o++) {
            float sum = Memory.f32(y + 4L * o);
            for (int i = from; i < inner; i++) {
                sum = Math.fma(Memory.f32(x + 4L * i), Memory.f32(w + o * rowBytes + 4L * i), sum);
            }
            Memory.f32(y + 4L * o, sum);
        }
    }

    /// Bytes of accumulators that a panel of `rows` weight rows needs.
    static long sumsBytes(int rows) {
        return Math.ceilDiv(rows, TILE) * LaneSums.BYTES;
    }

    /// @param fresh whether the accumulators begin at zero
    private static void tile(long sums, long x0, long x1, long x2, long x3, long w0, long rowBytes, int n, boolean fresh) {
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
        for (int i = 0; i < n; i += Lanes.COUNT) {
            FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, x0 + 4L * i & USER, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, x1 + 4L * i & USER, ORDER);
            FloatVector v2 = FloatVector.fromMemorySegment(F, ALL, x2 + 4L * i & USER, ORDER);
            FloatVector v3 = FloatVector.fromMemorySegment(F, ALL, x3 + 4L * i & USER, ORDER);
            FloatVector a = FloatVector.fromMemorySegment(F, ALL, w0 + 4L * i & USER, ORDER);
            s00 = a.fma(v0, s00);
            s01 = a.fma(v1, s01);
            s02 = a.fma(v2, s02);
            s03 = a.fma(v3, s03);
            a = FloatVector.fromMemorySegment(F, ALL, w1 + 4L * i & USER, ORDER);
            s10 = a.fma(v0, s10);
            s11 = a.fma(v1, s11);
            s12 = a.fma(v2, s12);
            s13 = a.fma(v3, s13);
            a = FloatVector.fromMemorySegment(F, ALL, w2 + 4L * i & USER, ORDER);
            s20 = a.fma(v0, s20);
            s21 = a.fma(v1, s21);
            s22 = a.fma(v2, s22);
            s23 = a.fma(v3, s23);
            a = FloatVector.fromMemorySegment(F, ALL, w3 + 4L * i & USER, ORDER);
            s30 = a.fma(v0, s30);
            s31 = a.fma(v1, s31);
            s32 = a.fma(v2, s32);
            s33 = a.fma(v3, s33);
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
