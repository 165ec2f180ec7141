package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

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

    /// Elements of the inner width in one stretch.
    static final int STRETCH = 1024;

    private Panel() {
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for up to four activation rows.
    ///
    /// @param w f32 [rows rounded up to a multiple of 4, inner], rows `rowBytes` apart
    /// @param sums scratch of [#sumsBytes] bytes
    static void four(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner,
            long sums) {
        int whole = Lanes.whole(inner);
        long x1 = x + Math.min(1, tokens - 1) * xBytes;
        long x2 = x + Math.min(2, tokens - 1) * xBytes;
        long x3 = x + Math.min(3, tokens - 1) * xBytes;
        int from = 0;
        do {
            int n = Math.min(whole - from, STRETCH);
            long at = 4L * from;
            for (int o = 0; o < rows; o += TILE) {
                tile(sums + (long) o * TILE * 4 * Lanes.COUNT, from == 0, x + at, x1 + at, x2 + at, x3 + at,
                        w + o * rowBytes + at, rowBytes, n);
            }
            from += n;
        } while (from < whole);
        for (int o = 0; o < rows; o++) {
            for (int t = 0; t < tokens; t++) {
                float sum = Lanes.sum(load(sums + 4L * Lanes.COUNT * (o * TILE + t)));
                for (int i = whole; i < inner; i++) {
                    sum = Math.fma(Memory.f32(x + t * xBytes + 4L * i), Memory.f32(w + o * rowBytes + 4L * i), sum);
                }
                Memory.f32(y + t * yBytes + 4L * o, sum);
            }
        }
    }

    /// Bytes of accumulators that a panel of `rows` weight rows needs.
    static long sumsBytes(int rows) {
        return (long) rows * TILE * 4 * Lanes.COUNT;
    }

    private static void tile(long sums, boolean first, long x0, long x1, long x2, long x3, long w0, long rowBytes, int n) {
        long step = 4L * Lanes.COUNT;
        long w1 = w0 + rowBytes;
        long w2 = w1 + rowBytes;
        long w3 = w2 + rowBytes;
        FloatVector s00 = first ? Lanes.zero() : load(sums);
        FloatVector s01 = first ? Lanes.zero() : load(sums + step);
        FloatVector s02 = first ? Lanes.zero() : load(sums + 2 * step);
        FloatVector s03 = first ? Lanes.zero() : load(sums + 3 * step);
        FloatVector s10 = first ? Lanes.zero() : load(sums + 4 * step);
        FloatVector s11 = first ? Lanes.zero() : load(sums + 5 * step);
        FloatVector s12 = first ? Lanes.zero() : load(sums + 6 * step);
        FloatVector s13 = first ? Lanes.zero() : load(sums + 7 * step);
        FloatVector s20 = first ? Lanes.zero() : load(sums + 8 * step);
        FloatVector s21 = first ? Lanes.zero() : load(sums + 9 * step);
        FloatVector s22 = first ? Lanes.zero() : load(sums + 10 * step);
        FloatVector s23 = first ? Lanes.zero() : load(sums + 11 * step);
        FloatVector s30 = first ? Lanes.zero() : load(sums + 12 * step);
        FloatVector s31 = first ? Lanes.zero() : load(sums + 13 * step);
        FloatVector s32 = first ? Lanes.zero() : load(sums + 14 * step);
        FloatVector s33 = first ? Lanes.zero() : load(sums + 15 * step);
        for (int i = 0; i < n; i += Lanes.COUNT) {
            FloatVector v0 = load(x0 + 4L * i);
            FloatVector v1 = load(x1 + 4L * i);
            FloatVector v2 = load(x2 + 4L * i);
            FloatVector v3 = load(x3 + 4L * i);
            FloatVector a = load(w0 + 4L * i);
            s00 = a.fma(v0, s00);
            s01 = a.fma(v1, s01);
            s02 = a.fma(v2, s02);
            s03 = a.fma(v3, s03);
            a = load(w1 + 4L * i);
            s10 = a.fma(v0, s10);
            s11 = a.fma(v1, s11);
            s12 = a.fma(v2, s12);
            s13 = a.fma(v3, s13);
            a = load(w2 + 4L * i);
            s20 = a.fma(v0, s20);
            s21 = a.fma(v1, s21);
            s22 = a.fma(v2, s22);
            s23 = a.fma(v3, s23);
            a = load(w3 + 4L * i);
            s30 = a.fma(v0, s30);
            s31 = a.fma(v1, s31);
            s32 = a.fma(v2, s32);
            s33 = a.fma(v3, s33);
        }
        store(s00, sums);
        store(s01, sums + step);
        store(s02, sums + 2 * step);
        store(s03, sums + 3 * step);
        store(s10, sums + 4 * step);
        store(s11, sums + 5 * step);
        store(s12, sums + 6 * step);
        store(s13, sums + 7 * step);
        store(s20, sums + 8 * step);
        store(s21, sums + 9 * step);
        store(s22, sums + 10 * step);
        store(s23, sums + 11 * step);
        store(s30, sums + 12 * step);
        store(s31, sums + 13 * step);
        store(s32, sums + 14 * step);
        store(s33, sums + 15 * step);
    }
}
