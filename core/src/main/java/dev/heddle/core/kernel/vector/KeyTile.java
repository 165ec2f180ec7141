package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import jdk.incubator.vector.FloatVector;

/// Dot products of few queries with few keys, for decoding: a key is read once for four queries.
///
/// Queries stay in registers, [GradientTile#COLUMNS] columns of them at a time, while the keys pass by. Each product keeps its
/// lane-wise partial sums, which [ScoreSums] then adds up.
final class KeyTile {
    /// Keys at a time: as f32 they and the partial sums fit the first-level cache together.
    static final int KEYS = 32;

    /// Bytes of the partial sums.
    static final long SUM_BYTES = 4L * KEYS * 4 * COUNT;

    private static final long STEP = 4L * COUNT;
    private static final long QUERY = STEP * KEYS;

    private KeyTile() {
    }

    /// s[h,i] = q[h] · k[i] for up to four queries and `n` keys; what lies beyond the n scores of a row up to [#KEYS] means nothing.
    ///
    /// @param s        its rows lie `sBytes` apart
    /// @param q        f32 rows, `qBytes` apart
    /// @param keys     f32 rows, `keyBytes` apart
    /// @param width    floats of a query and a key, a multiple of [GradientTile#COLUMNS]
    /// @param sums     scratch of [#SUM_BYTES] bytes
    static void scores(long s, long sBytes, long q, long qBytes, int queries, long keys, long keyBytes, int n, int width,
            long sums) {
        for (int d = 0; d < width; d += COLUMNS) {
            long at = 4L * d;
            if (queries == 1) {
                one(sums, q + at, keys + at, keyBytes, n, d > 0);
                continue;
            }
            long q1 = q + qBytes + at;
            long q2 = q + qBytes * Math.min(2, queries - 1) + at;
            long q3 = q + qBytes * (queries - 1) + at;
            if (d == 0) {
                four(sums, q, q1, q2, q3, keys, keyBytes, n);
            } else {
                fourMore(sums, q + at, q1, q2, q3, keys + at, keyBytes, n);
            }
        }
        ScoreSums.fold(s, sBytes, sums, queries, KEYS);
    }

    private static void one(long sums, long q, long keys, long keyBytes, int n, boolean more) {
        FloatVector q0 = Lanes.load(q);
        FloatVector q1 = Lanes.load(q + STEP);
        FloatVector q2 = Lanes.load(q + 2 * STEP);
        FloatVector q3 = Lanes.load(q + 3 * STEP);
        for (int i = 0; i < n; i++) {
            long k = keys + i * keyBytes & USER;
            long to = sums + STEP * i & USER;
            FloatVector s = more ? FloatVector.fromMemorySegment(F, ALL, to, ORDER) : FloatVector.zero(F);
            s = FloatVector.fromMemorySegment(F, ALL, k, ORDER).fma(q0, s);
            s = FloatVector.fromMemorySegment(F, ALL, k + STEP, ORDER).fma(q1, s);
            s = FloatVector.fromMemorySegment(F, ALL, k + 2 * STEP, ORDER).fma(q2, s);
            s = FloatVector.fromMemorySegment(F, ALL, k + 3 * STEP, ORDER).fma(q3, s);
            s.intoMemorySegment(ALL, to, ORDER);
        }
    }

    /// The first columns of four queries; the last of them may be one and the same.
    private static void four(long sums, long a, long b, long c, long d, long keys, long keyBytes, int n) {
        FloatVector a0 = Lanes.load(a);
        FloatVector a1 = Lanes.load(a + STEP);
        FloatVector a2 = Lanes.load(a + 2 * STEP);
        FloatVector a3 = Lanes.load(a + 3 * STEP);
        FloatVector b0 = Lanes.load(b);
        FloatVector b1 = Lanes.load(b + STEP);
        FloatVector b2 = Lanes.load(b + 2 * STEP);
        FloatVector b3 = Lanes.load(b + 3 * STEP);
        FloatVector c0 = Lanes.load(c);
        FloatVector c1 = Lanes.load(c + STEP);
        FloatVector c2 = Lanes.load(c + 2 * STEP);
        FloatVector c3 = Lanes.load(c + 3 * STEP);
        FloatVector d0 = Lanes.load(d);
        FloatVector d1 = Lanes.load(d + STEP);
        FloatVector d2 = Lanes.load(d + 2 * STEP);
        FloatVector d3 = Lanes.load(d + 3 * STEP);
        for (int i = 0; i < n; i++) {
            long k = keys + i * keyBytes & USER;
            long to = sums + STEP * i & USER;
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, k, ORDER);
            FloatVector s0 = v.mul(a0);
            FloatVector s1 = v.mul(b0);
            FloatVector s2 = v.mul(c0);
            FloatVector s3 = v.mul(d0);
            v = FloatVector.fromMemorySegment(F, ALL, k + STEP, ORDER);
            s0 = v.fma(a1, s0);
            s1 = v.fma(b1, s1);
            s2 = v.fma(c1, s2);
            s3 = v.fma(d1, s3);
            v = FloatVector.fromMemorySegment(F, ALL, k + 2 * STEP, ORDER);
            s0 = v.fma(a2, s0);
            s1 = v.fma(b2, s1);
            s2 = v.fma(c2, s2);
            s3 = v.fma(d2, s3);
            v = FloatVector.fromMemorySegment(F, ALL, k + 3 * STEP, ORDER);
            v.fma(a3, s0).intoMemorySegment(ALL, to, ORDER);
            v.fma(b3, s1).intoMemorySegment(ALL, to + QUERY, ORDER);
            v.fma(c3, s2).intoMemorySegment(ALL, to + 2 * QUERY, ORDER);
            v.fma(d3, s3).intoMemorySegment(ALL, to + 3 * QUERY, ORDER);
        }
    }

    /// The same for columns that follow.
    private static void fourMore(long sums, long a, long b, long c, long d, long keys, long keyBytes, int n) {
        FloatVector a0 = Lanes.load(a);
        FloatVector a1 = Lanes.load(a + STEP);
        FloatVector a2 = Lanes.load(a + 2 * STEP);
        FloatVector a3 = Lanes.load(a + 3 * STEP);
        FloatVector b0 = Lanes.load(b);
        FloatVector b1 = Lanes.load(b + STEP);
        FloatVector b2 = Lanes.load(b + 2 * STEP);
        FloatVector b3 = Lanes.load(b + 3 * STEP);
        FloatVector c0 = Lanes.load(c);
        FloatVector c1 = Lanes.load(c + STEP);
        FloatVector c2 = Lanes.load(c + 2 * STEP);
        FloatVector c3 = Lanes.load(c + 3 * STEP);
        FloatVector d0 = Lanes.load(d);
        FloatVector d1 = Lanes.load(d + STEP);
        FloatVector d2 = Lanes.load(d + 2 * STEP);
        FloatVector d3 = Lanes.load(d + 3 * STEP);
        for (int i = 0; i < n; i++) {
            long k = keys + i * keyBytes & USER;
            long to = sums + STEP * i & USER;
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, k, ORDER);
            FloatVector s0 = v.fma(a0, FloatVector.fromMemorySegment(F, ALL, to, ORDER));
            FloatVector s1 = v.fma(b0, FloatVector.fromMemorySegment(F, ALL, to + QUERY, ORDER));
            FloatVector s2 = v.fma(c0, FloatVector.fromMemorySegment(F, ALL, to + 2 * QUERY, ORDER));
            FloatVector s3 = v.fma(d0, FloatVector.fromMemorySegment(F, ALL, to + 3 * QUERY, ORDER));
            v = FloatVector.fromMemorySegment(F, ALL, k + STEP, ORDER);
            s0 = v.fma(a1, s0);
            s1 = v.fma(b1, s1);
            s2 = v.fma(c1, s2);
            s3 = v.fma(d1, s3);
            v = FloatVector.fromMemorySegment(F, ALL, k + 2 * STEP, ORDER);
            s0 = v.fma(a2, s0);
            s1 = v.fma(b2, s1);
            s2 = v.fma(c2, s2);
            s3 = v.fma(d2, s3);
            v = FloatVector.fromMemorySegment(F, ALL, k + 3 * STEP, ORDER);
            v.fma(a3, s0).intoMemorySegment(ALL, to, ORDER);
            v.fma(b3, s1).intoMemorySegment(ALL, to + QUERY, ORDER);
            v.fma(c3, s2).intoMemorySegment(ALL, to + 2 * QUERY, ORDER);
            v.fma(d3, s3).intoMemorySegment(ALL, to + 3 * QUERY, ORDER);
        }
    }
}
