package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// c[r,j] = scale[r]·c[r,j] + Σ_k a[r,k] · b[k,j] for matrices that lie in cache, what chunked recurrences consist of.
///
/// Terms are added to c one after the other in order of k, so an element has the same bits whatever tile it falls in.
/// Rows of b and c are padded to whole vectors; a is read one number at a time and may be strided both ways.
///
/// The tiles spell out the calls that [Lanes] offers shorter: in methods of this length the compiler inlines only the
/// vector classes themselves, and what it does not inline makes objects of the vectors.
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

    private static void two(long c0, long c1, long c2, long c3, boolean fresh, float f0, float f1, float f2, float f3, long a0,
            long a1, long a2, long a3, long aStep, long b, long bBytes, int depth) {
        long next = 4L * Lanes.COUNT;
        c0 &= USER;
        c1 &= USER;
        c2 &= USER;
        c3 &= USER;
        FloatVector s00 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c0, ORDER).mul(f0);
        FloatVector s01 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c0 + next, ORDER).mul(f0);
        FloatVector s10 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c1, ORDER).mul(f1);
        FloatVector s11 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c1 + next, ORDER).mul(f1);
        FloatVector s20 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c2, ORDER).mul(f2);
        FloatVector s21 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c2 + next, ORDER).mul(f2);
        FloatVector s30 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c3, ORDER).mul(f3);
        FloatVector s31 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c3 + next, ORDER).mul(f3);
        for (int k = 0; k < depth; k++) {
            long bk = b + k * bBytes & USER;
            long ak = k * aStep;
            FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, bk, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, bk + next, ORDER);
            FloatVector v = FloatVector.broadcast(F, ALL.get(FLOAT, a0 + ak & USER));
            s00 = b0.fma(v, s00);
            s01 = b1.fma(v, s01);
            v = FloatVector.broadcast(F, ALL.get(FLOAT, a1 + ak & USER));
            s10 = b0.fma(v, s10);
            s11 = b1.fma(v, s11);
            v = FloatVector.broadcast(F, ALL.get(FLOAT, a2 + ak & USER));
            s20 = b0.fma(v, s20);
            s21 = b1.fma(v, s21);
            v = FloatVector.broadcast(F, ALL.get(FLOAT, a3 + ak & USER));
            s30 = b0.fma(v, s30);
            s31 = b1.fma(v, s31);
        }
        s00.intoMemorySegment(ALL, c0, ORDER);
        s01.intoMemorySegment(ALL, c0 + next, ORDER);
        s10.intoMemorySegment(ALL, c1, ORDER);
        s11.intoMemorySegment(ALL, c1 + next, ORDER);
        s20.intoMemorySegment(ALL, c2, ORDER);
        s21.intoMemorySegment(ALL, c2 + next, ORDER);
        s30.intoMemorySegment(ALL, c3, ORDER);
        s31.intoMemorySegment(ALL, c3 + next, ORDER);
    }

    private static void one(long c0, long c1, long c2, long c3, boolean fresh, float f0, float f1, float f2, float f3, long a0,
            long a1, long a2, long a3, long aStep, long b, long bBytes, int depth) {
        c0 &= USER;
        c1 &= USER;
        c2 &= USER;
        c3 &= USER;
        FloatVector s0 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c0, ORDER).mul(f0);
        FloatVector s1 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c1, ORDER).mul(f1);
        FloatVector s2 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c2, ORDER).mul(f2);
        FloatVector s3 = fresh ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, c3, ORDER).mul(f3);
        for (int k = 0; k < depth; k++) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, b + k * bBytes & USER, ORDER);
            long ak = k * aStep;
            s0 = v.fma(FloatVector.broadcast(F, ALL.get(FLOAT, a0 + ak & USER)), s0);
            s1 = v.fma(FloatVector.broadcast(F, ALL.get(FLOAT, a1 + ak & USER)), s1);
            s2 = v.fma(FloatVector.broadcast(F, ALL.get(FLOAT, a2 + ak & USER)), s2);
            s3 = v.fma(FloatVector.broadcast(F, ALL.get(FLOAT, a3 + ak & USER)), s3);
        }
        s0.intoMemorySegment(ALL, c0, ORDER);
        s1.intoMemorySegment(ALL, c1, ORDER);
        s2.intoMemorySegment(ALL, c2, ORDER);
        s3.intoMemorySegment(ALL, c3, ORDER);
    }
}
