package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

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
    /// @param b f32 [n, COLUMNS]
    static void add(long c0, long c1, long c2, long c3, long a0, long a1, long a2, long a3, long aBytes, long b, int n) {
        long step = 4L * Lanes.COUNT;
        FloatVector s00 = load(c0);
        FloatVector s01 = load(c0 + step);
        FloatVector s02 = load(c0 + 2 * step);
        FloatVector s03 = load(c0 + 3 * step);
        FloatVector s10 = load(c1);
        FloatVector s11 = load(c1 + step);
        FloatVector s12 = load(c1 + 2 * step);
        FloatVector s13 = load(c1 + 3 * step);
        FloatVector s20 = load(c2);
        FloatVector s21 = load(c2 + step);
        FloatVector s22 = load(c2 + 2 * step);
        FloatVector s23 = load(c2 + 3 * step);
        FloatVector s30 = load(c3);
        FloatVector s31 = load(c3 + step);
        FloatVector s32 = load(c3 + 2 * step);
        FloatVector s33 = load(c3 + 3 * step);
        for (int k = 0; k < n; k++) {
            long at = b + 4L * COLUMNS * k;
            FloatVector b0 = load(at);
            FloatVector b1 = load(at + step);
            FloatVector b2 = load(at + 2 * step);
            FloatVector b3 = load(at + 3 * step);
            long ka = aBytes * k;
            FloatVector a = Lanes.of(Memory.f32(a0 + ka));
            s00 = b0.fma(a, s00);
            s01 = b1.fma(a, s01);
            s02 = b2.fma(a, s02);
            s03 = b3.fma(a, s03);
            a = Lanes.of(Memory.f32(a1 + ka));
            s10 = b0.fma(a, s10);
            s11 = b1.fma(a, s11);
            s12 = b2.fma(a, s12);
            s13 = b3.fma(a, s13);
            a = Lanes.of(Memory.f32(a2 + ka));
            s20 = b0.fma(a, s20);
            s21 = b1.fma(a, s21);
            s22 = b2.fma(a, s22);
            s23 = b3.fma(a, s23);
            a = Lanes.of(Memory.f32(a3 + ka));
            s30 = b0.fma(a, s30);
            s31 = b1.fma(a, s31);
            s32 = b2.fma(a, s32);
            s33 = b3.fma(a, s33);
        }
        store(s00, c0);
        store(s01, c0 + step);
        store(s02, c0 + 2 * step);
        store(s03, c0 + 3 * step);
        store(s10, c1);
        store(s11, c1 + step);
        store(s12, c1 + 2 * step);
        store(s13, c1 + 3 * step);
        store(s20, c2);
        store(s21, c2 + step);
        store(s22, c2 + 2 * step);
        store(s23, c2 + 3 * step);
        store(s30, c3);
        store(s31, c3 + step);
        store(s32, c3 + 2 * step);
        store(s33, c3 + 3 * step);
    }

    /// The same for the last `columns` columns of a row, fewer than [#COLUMNS].
    ///
    /// @param edge scratch of [#EDGE_BYTES] bytes
    static void addEdge(long c0, long c1, long c2, long c3, long a0, long a1, long a2, long a3, long aBytes, long b, int n,
            int columns, long edge) {
        long row = 4L * COLUMNS;
        copy(edge, c0, columns);
        copy(edge + row, c1, columns);
        copy(edge + 2 * row, c2, columns);
        copy(edge + 3 * row, c3, columns);
        add(edge, edge + row, edge + 2 * row, edge + 3 * row, a0, a1, a2, a3, aBytes, b, n);
        copy(c0, edge, columns);
        copy(c1, edge + row, columns);
        copy(c2, edge + 2 * row, columns);
        copy(c3, edge + 3 * row, columns);
    }

    /// Bytes of scratch for [#addEdge].
    static final long EDGE_BYTES = 4L * ROWS * COLUMNS;

    private static void copy(long to, long from, int n) {
        for (int i = 0; i < n; i++) {
            Memory.f32(to + 4L * i, Memory.f32(from + 4L * i));
        }
    }
}
