package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Products with f32 weights, read in place, for as few activation rows as fit the registers.
///
/// Lane l of an output's accumulator sums the products at l, l + L, l + 2L, … in that order; then the lanes are
/// added as [Lanes#sum] does, then the elements past the last whole vector, one after the other. All methods
/// hold to this, as does [Panel].
final class RowsF32 {
    private RowsF32() {
    }

    /// One activation row: y[o] = Σ_i x[i] · w[o,i] for `rows` rows of `rowBytes` bytes from `w`.
    ///
    /// One weight row after the other, so that memory is read as one stream: rows side by side are several short streams,
    /// each of which the prefetchers must find anew, and reach two thirds of the bandwidth.
    static void one(long y, long x, long w, long rowBytes, int rows, int inner) {
        int whole = Lanes.whole(inner);
        for (int o = 0; o < rows; o++) {
            long row = w + o * rowBytes;
            FloatVector sum = Lanes.zero();
            for (int i = 0; i < whole; i += Lanes.COUNT) {
                sum = load(row + 4L * i).fma(load(x + 4L * i), sum);
            }
            Memory.f32(y + 4L * o, rest(Lanes.sum(sum), x, row, whole, inner));
        }
    }

    /// Up to four activation rows: y[t,o] = Σ_i x[t,i] · w[o,i].
    static void four(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner) {
        int whole = Lanes.whole(inner);
        long t1 = Math.min(1, tokens - 1);
        long t2 = Math.min(2, tokens - 1);
        long t3 = Math.min(3, tokens - 1);
        long x1 = x + t1 * xBytes;
        long x2 = x + t2 * xBytes;
        long x3 = x + t3 * xBytes;
        for (int o = 0; o < rows; o += 2) {
            int o1 = Math.min(o + 1, rows - 1);
            long w0 = w + o * rowBytes;
            long w1 = w + o1 * rowBytes;
            FloatVector s00 = Lanes.zero();
            FloatVector s01 = Lanes.zero();
            FloatVector s02 = Lanes.zero();
            FloatVector s03 = Lanes.zero();
            FloatVector s10 = Lanes.zero();
            FloatVector s11 = Lanes.zero();
            FloatVector s12 = Lanes.zero();
            FloatVector s13 = Lanes.zero();
            for (int i = 0; i < whole; i += Lanes.COUNT) {
                FloatVector a = load(w0 + 4L * i);
                FloatVector b = load(w1 + 4L * i);
                FloatVector v = load(x + 4L * i);
                s00 = a.fma(v, s00);
                s10 = b.fma(v, s10);
                v = load(x1 + 4L * i);
                s01 = a.fma(v, s01);
                s11 = b.fma(v, s11);
                v = load(x2 + 4L * i);
                s02 = a.fma(v, s02);
                s12 = b.fma(v, s12);
                v = load(x3 + 4L * i);
                s03 = a.fma(v, s03);
                s13 = b.fma(v, s13);
            }
            Memory.f32(y + 4L * o, rest(Lanes.sum(s00), x, w0, whole, inner));
            Memory.f32(y + 4L * o1, rest(Lanes.sum(s10), x, w1, whole, inner));
            Memory.f32(y + t1 * yBytes + 4L * o, rest(Lanes.sum(s01), x1, w0, whole, inner));
            Memory.f32(y + t1 * yBytes + 4L * o1, rest(Lanes.sum(s11), x1, w1, whole, inner));
            Memory.f32(y + t2 * yBytes + 4L * o, rest(Lanes.sum(s02), x2, w0, whole, inner));
            Memory.f32(y + t2 * yBytes + 4L * o1, rest(Lanes.sum(s12), x2, w1, whole, inner));
            Memory.f32(y + t3 * yBytes + 4L * o, rest(Lanes.sum(s03), x3, w0, whole, inner));
            Memory.f32(y + t3 * yBytes + 4L * o1, rest(Lanes.sum(s13), x3, w1, whole, inner));
        }
    }

    /// Writes `n` weights from `w` to `to` as f32.
    static void unpack(long to, long w, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            Lanes.store(load(w + 4L * i), to + 4L * i);
        }
        for (int i = whole; i < n; i++) {
            Memory.f32(to + 4L * i, scalar(w + 4L * i));
        }
    }

    private static float rest(float sum, long x, long w, int from, int inner) {
        for (int i = from; i < inner; i++) {
            sum = Math.fma(Memory.f32(x + 4L * i), scalar(w + 4L * i), sum);
        }
        return sum;
    }

    private static float scalar(long address) {
        return Memory.f32(address);
    }
}
