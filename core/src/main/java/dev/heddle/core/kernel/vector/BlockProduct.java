package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// c[r,j] = scale[r]·c[r,j] + Σ_k a[r,k] · b[k,j] for matrices that lie in cache, what chunked recurrences consist of.
///
/// Terms are added to c one after the other in order of k, so an element has the same bits whatever tile it falls in.
/// Rows of b and c are padded to whole vectors; a is read one number at a time and may be strided both ways.
final class BlockProduct {
    /// In place of the address of scales: c starts at zero and its old values are not read.
    static final long FRESH = 0;

    private static final int ROWS = 4;

    private BlockProduct() {
    }

    /// @param c       [rows, columns], rows `cBytes` apart
    /// @param scale   address of the first row's scale, the others `scaleBytes` apart; or [#FRESH]
    /// @param columns a multiple of [Lanes#COUNT]
    /// @param a       element (r, k) lies r·`aBytes` + k·`aStep` bytes from here
    /// @param b       [depth, columns], rows `bBytes` apart
    static void add(long c, long cBytes, long scale, long scaleBytes, int rows, int columns, long a, long aBytes, long aStep,
            long b, long bBytes, int depth) {
        for (int r = 0; r < rows; r += ROWS) {
            // past the last row the last row is computed again, and stored again with the same bits
            long r1 = Math.min(r + 1, rows - 1);
            long r2 = Math.min(r + 2, rows - 1);
            long r3 = Math.min(r + 3, rows - 1);
            long c0 = c + r * cBytes;
            long c1 = c + r1 * cBytes;
            long c2 = c + r2 * cBytes;
            long c3 = c + r3 * cBytes;
            float f0 = 0;
            float f1 = 0;
            float f2 = 0;
            float f3 = 0;
            if (scale != FRESH) {
                f0 = Memory.f32(scale + r * scaleBytes);
                f1 = Memory.f32(scale + r1 * scaleBytes);
                f2 = Memory.f32(scale + r2 * scaleBytes);
                f3 = Memory.f32(scale + r3 * scaleBytes);
            }
            long a0 = a + r * aBytes;
            long a1 = a + r1 * aBytes;
            long a2 = a + r2 * aBytes;
            long a3 = a + r3 * aBytes;
            int j = 0;
            for (; j + 2 * Lanes.COUNT <= columns; j += 2 * Lanes.COUNT) {
                long at = 4L * j;
                two(c0 + at, c1 + at, c2 + at, c3 + at, scale == FRESH, f0, f1, f2, f3, a0, a1, a2, a3, aStep, b + at, bBytes,
                        depth);
            }
            if (j < columns) {
                long at = 4L * j;
                one(c0 + at, c1 + at, c2 + at, c3 + at, scale == FRESH, f0, f1, f2, f3, a0, a1, a2, a3, aStep, b + at, bBytes,
                        depth);
            }
        }
    }

    private static FloatVector start(long c, boolean fresh, float scale) {
        return fresh ? Lanes.zero() : load(c).mul(scale);
    }

    private static void two(long c0, long c1, long c2, long c3, boolean fresh, float f0, float f1, float f2, float f3, long a0,
            long a1, long a2, long a3, long aStep, long b, long bBytes, int depth) {
        long next = 4L * Lanes.COUNT;
        FloatVector s00 = start(c0, fresh, f0);
        FloatVector s01 = start(c0 + next, fresh, f0);
        FloatVector s10 = start(c1, fresh, f1);
        FloatVector s11 = start(c1 + next, fresh, f1);
        FloatVector s20 = start(c2, fresh, f2);
        FloatVector s21 = start(c2 + next, fresh, f2);
        FloatVector s30 = start(c3, fresh, f3);
        FloatVector s31 = start(c3 + next, fresh, f3);
        for (int k = 0; k < depth; k++) {
            long bk = b + k * bBytes;
            long ak = k * aStep;
            FloatVector b0 = load(bk);
            FloatVector b1 = load(bk + next);
            FloatVector v = Lanes.of(Memory.f32(a0 + ak));
            s00 = b0.fma(v, s00);
            s01 = b1.fma(v, s01);
            v = Lanes.of(Memory.f32(a1 + ak));
            s10 = b0.fma(v, s10);
            s11 = b1.fma(v, s11);
            v = Lanes.of(Memory.f32(a2 + ak));
            s20 = b0.fma(v, s20);
            s21 = b1.fma(v, s21);
            v = Lanes.of(Memory.f32(a3 + ak));
            s30 = b0.fma(v, s30);
            s31 = b1.fma(v, s31);
        }
        store(s00, c0);
        store(s01, c0 + next);
        store(s10, c1);
        store(s11, c1 + next);
        store(s20, c2);
        store(s21, c2 + next);
        store(s30, c3);
        store(s31, c3 + next);
    }

    private static void one(long c0, long c1, long c2, long c3, boolean fresh, float f0, float f1, float f2, float f3, long a0,
            long a1, long a2, long a3, long aStep, long b, long bBytes, int depth) {
        FloatVector s0 = start(c0, fresh, f0);
        FloatVector s1 = start(c1, fresh, f1);
        FloatVector s2 = start(c2, fresh, f2);
        FloatVector s3 = start(c3, fresh, f3);
        for (int k = 0; k < depth; k++) {
            FloatVector v = load(b + k * bBytes);
            long ak = k * aStep;
            s0 = v.fma(Lanes.of(Memory.f32(a0 + ak)), s0);
            s1 = v.fma(Lanes.of(Memory.f32(a1 + ak)), s1);
            s2 = v.fma(Lanes.of(Memory.f32(a2 + ak)), s2);
            s3 = v.fma(Lanes.of(Memory.f32(a3 + ak)), s3);
        }
        store(s0, c0);
        store(s1, c1);
        store(s2, c2);
        store(s3, c3);
    }
}
