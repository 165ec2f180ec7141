package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// c[r,j] += Σ_k a[r,k] · b[k,j] for 4 rows r and [#COLUMNS] columns j, the inner kernel of both gradients.
/// Terms are added to c one after the other in order of k.
final class GradientTile {
    /// Rows of one tile.
    static final int ROWS = 4;

    /// Columns of one tile.
    static final int COLUMNS = 4 * Lanes.COUNT;

    private GradientTile() {
    }

    /// @param c0 row 0 of c, and so on; rows may be one and the same
    /// @param a0 row 0 of a, whose elements lie `aBytes` apart
    /// @param b f32 [n, COLUMNS], rows `bBytes` apart
    static void add(long c0, long c1, long c2, long c3, long a0, long a1, long a2, long a3, long aBytes, long b, long bBytes,
            int n) {
        long step = 4L * Lanes.COUNT;
        c0 &= USER;
        c1 &= USER;
        c2 &= USER;
        c3 &= USER;
        FloatVector s00 = FloatVector.fromMemorySegment(F, ALL, c0, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(F, ALL, c0 + step, ORDER);
        FloatVector s02 = FloatVector.fromMemorySegment(F, ALL, c0 + 2 * step, ORDER);
        FloatVector s03 = FloatVector.fromMemorySegment(F, ALL, c0 + 3 * step, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(F, ALL, c1, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(F, ALL, c1 + step, ORDER);
        FloatVector s12 = FloatVector.fromMemorySegment(F, ALL, c1 + 2 * step, ORDER);
        FloatVector s13 = FloatVector.fromMemorySegment(F, ALL, c1 + 3 * step, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(F, ALL, c2, ORDER);
        FloatVector s21 = FloatVector.fromMemorySegment(F, ALL, c2 + step, ORDER);
        FloatVector s22 = FloatVector.fromMemorySegment(F, ALL, c2 + 2 * step, ORDER);
        FloatVector s23 = FloatVector.fromMemorySegment(F, ALL, c2 + 3 * step, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(F, ALL, c3, ORDER);
        FloatVector s31 = FloatVector.fromMemorySegment(F, ALL, c3 + step, ORDER);
        FloatVector s32 = FloatVector.fromMemorySegment(F, ALL, c3 + 2 * step, ORDER);
        FloatVector s33 = FloatVector.fromMemorySegment(F, ALL, c3 + 3 * step, ORDER);
        for (int k = 0; k < n; k++) {
            long at = b + bBytes * k & USER;
            FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, at + step, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * step, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * step, ORDER);
            long ka = aBytes * k;
            FloatVector a = FloatVector.broadcast(F, ALL.get(FLOAT, a0 + ka & USER));
            s00 = b0.fma(a, s00);
            s01 = b1.fma(a, s01);
            s02 = b2.fma(a, s02);
            s03 = b3.fma(a, s03);
            a = FloatVector.broadcast(F, ALL.get(FLOAT, a1 + ka & USER));
            s10 = b0.fma(a, s10);
            s11 = b1.fma(a, s11);
            s12 = b2.fma(a, s12);
            s13 = b3.fma(a, s13);
            a = FloatVector.broadcast(F, ALL.get(FLOAT, a2 + ka & USER));
            s20 = b0.fma(a, s20);
            s21 = b1.fma(a, s21);
            s22 = b2.fma(a, s22);
            s23 = b3.fma(a, s23);
            a = FloatVector.broadcast(F, ALL.get(FLOAT, a3 + ka & USER));
            s30 = b0.fma(a, s30);
            s31 = b1.fma(a, s31);
            s32 = b2.fma(a, s32);
            s33 = b3.fma(a, s33);
        }
        s00.intoMemorySegment(ALL, c0, ORDER);
        s01.intoMemorySegment(ALL, c0 + step, ORDER);
        s02.intoMemorySegment(ALL, c0 + 2 * step, ORDER);
        s03.intoMemorySegment(ALL, c0 + 3 * step, ORDER);
        s10.intoMemorySegment(ALL, c1, ORDER);
        s11.intoMemorySegment(ALL, c1 + step, ORDER);
        s12.intoMemorySegment(ALL, c1 + 2 * step, ORDER);
        s13.intoMemorySegment(ALL, c1 + 3 * step, ORDER);
        s20.intoMemorySegment(ALL, c2, ORDER);
        s21.intoMemorySegment(ALL, c2 + step, ORDER);
        s22.intoMemorySegment(ALL, c2 + 2 * step, ORDER);
        s23.intoMemorySegment(ALL, c2 + 3 * step, ORDER);
        s30.intoMemorySegment(ALL, c3, ORDER);
        s31.intoMemorySegment(ALL, c3 + step, ORDER);
        s32.intoMemorySegment(ALL, c3 + 2 * step, ORDER);
        s33.intoMemorySegment(ALL, c3 + 3 * step, ORDER);
    }

    /// The same for one row.
    static void addOne(long c, long a, long aBytes, long b, long bBytes, int n) {
        long step = 4L * Lanes.COUNT;
        c &= USER;
        FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, c + step, ORDER);
        FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, c + 2 * step, ORDER);
        FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, c + 3 * step, ORDER);
        for (int k = 0; k < n; k++) {
            long at = b + bBytes * k & USER;
            FloatVector v = FloatVector.broadcast(F, ALL.get(FLOAT, a + aBytes * k & USER));
            s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER).fma(v, s0);
            s1 = FloatVector.fromMemorySegment(F, ALL, at + step, ORDER).fma(v, s1);
            s2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * step, ORDER).fma(v, s2);
            s3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * step, ORDER).fma(v, s3);
        }
        s0.intoMemorySegment(ALL, c, ORDER);
        s1.intoMemorySegment(ALL, c + step, ORDER);
        s2.intoMemorySegment(ALL, c + 2 * step, ORDER);
        s3.intoMemorySegment(ALL, c + 3 * step, ORDER);
    }

    /// The same for the last `columns` columns of a row, fewer than [#COLUMNS].
    ///
    /// @param edge scratch of [#EDGE_BYTES] bytes
    static void addEdge(long c0, long c1, long c2, long c3, long a0, long a1, long a2, long a3, long aBytes, long b,
            long bBytes, int n, int columns, long edge) {
        long row = 4L * COLUMNS;
        copy(edge, c0, columns);
        copy(edge + row, c1, columns);
        copy(edge + 2 * row, c2, columns);
        copy(edge + 3 * row, c3, columns);
        add(edge, edge + row, edge + 2 * row, edge + 3 * row, a0, a1, a2, a3, aBytes, b, bBytes, n);
        copy(c0, edge, columns);
        copy(c1, edge + row, columns);
        copy(c2, edge + 2 * row, columns);
        copy(c3, edge + 3 * row, columns);
    }

    /// c[r,j] += Σ_k a[r,k] · b[k,j] for any number of rows and up to [#COLUMNS] columns. Where the rows do not fill
    /// the last tile, the last row is computed again with the same bits.
    ///
    /// @param a     its rows lie `aBytes` apart, its elements `aStep`
    /// @param b     f32 [n, COLUMNS], all of them readable
    /// @param edge  scratch of [#EDGE_BYTES] bytes
    static void rows(long c, long cBytes, int rows, long a, long aBytes, long aStep, long b, long bBytes, int n, int columns,
            long edge) {
        for (int r = 0; r < rows; r += ROWS) {
            long r1 = Math.min(r + 1, rows - 1);
            long r2 = Math.min(r + 2, rows - 1);
            long r3 = Math.min(r + 3, rows - 1);
            if (columns == COLUMNS && r == r1) {
                addOne(c + r * cBytes, a + r * aBytes, aStep, b, bBytes, n);
            } else if (columns == COLUMNS) {
                add(c + r * cBytes, c + r1 * cBytes, c + r2 * cBytes, c + r3 * cBytes, a + r * aBytes, a + r1 * aBytes,
                        a + r2 * aBytes, a + r3 * aBytes, aStep, b, bBytes, n);
            } else {
                addEdge(c + r * cBytes, c + r1 * cBytes, c + r2 * cBytes, c + r3 * cBytes, a + r * aBytes, a + r1 * aBytes,
                        a + r2 * aBytes, a + r3 * aBytes, aStep, b, bBytes, n, columns, edge);
            }
        }
    }

    /// Bytes of scratch for [#addEdge].
    static final long EDGE_BYTES = 4L * ROWS * COLUMNS;

    private static void copy(long to, long from, int n) {
        for (int i = 0; i < n; i++) {
            Memory.f32(to + 4L * i, Memory.f32(from + 4L * i));
        }
    }
}
