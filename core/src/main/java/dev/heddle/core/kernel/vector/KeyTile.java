package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Dot products of few queries with many keys, for decoding: a key is read once for all queries of its group.
///
/// Each product keeps its lane-wise partial sums, sixteen at a time, which [LaneSums] then adds up.
final class KeyTile {
    private KeyTile() {
    }

    /// s[i] = q · k[i] for 16 keys.
    ///
    /// @param n    floats of q and of a key, a multiple of the lanes
    /// @param keys f32 rows, `keyBytes` apart
    /// @param sums scratch of [LaneSums#BYTES] bytes
    static void sixteen(long s, long q, long keys, long keyBytes, int n, long sums) {
        eight(sums, q, keys, keyBytes, n);
        eight(sums + 8L * 4 * COUNT, q, keys + 8 * keyBytes, keyBytes, n);
        LaneSums.fold(s, sums);
    }

    private static void eight(long sums, long q, long k0, long keyBytes, int n) {
        long k1 = k0 + keyBytes;
        long k2 = k1 + keyBytes;
        long k3 = k2 + keyBytes;
        long k4 = k3 + keyBytes;
        long k5 = k4 + keyBytes;
        long k6 = k5 + keyBytes;
        long k7 = k6 + keyBytes;
        FloatVector s0 = Lanes.zero();
        FloatVector s1 = Lanes.zero();
        FloatVector s2 = Lanes.zero();
        FloatVector s3 = Lanes.zero();
        FloatVector s4 = Lanes.zero();
        FloatVector s5 = Lanes.zero();
        FloatVector s6 = Lanes.zero();
        FloatVector s7 = Lanes.zero();
        for (int i = 0; i < n; i += COUNT) {
            long at = 4L * i;
            FloatVector v = load(q + at);
            s0 = v.fma(load(k0 + at), s0);
            s1 = v.fma(load(k1 + at), s1);
            s2 = v.fma(load(k2 + at), s2);
            s3 = v.fma(load(k3 + at), s3);
            s4 = v.fma(load(k4 + at), s4);
            s5 = v.fma(load(k5 + at), s5);
            s6 = v.fma(load(k6 + at), s6);
            s7 = v.fma(load(k7 + at), s7);
        }
        long step = 4L * COUNT;
        store(s0, sums);
        store(s1, sums + step);
        store(s2, sums + 2 * step);
        store(s3, sums + 3 * step);
        store(s4, sums + 4 * step);
        store(s5, sums + 5 * step);
        store(s6, sums + 6 * step);
        store(s7, sums + 7 * step);
    }

    /// s[h,i] = q[h] · k[i] for four queries and four keys; rows of s lie `sBytes` apart.
    static void four(long s, long sBytes, long q0, long q1, long q2, long q3, long keys, long keyBytes, int n, long sums) {
        two(sums, q0, q1, keys, keyBytes, n);
        two(sums + 8L * 4 * COUNT, q2, q3, keys, keyBytes, n);
        LaneSums.fold(sums, sums);
        for (int h = 0; h < 4; h++) {
            Memory.i64(s + h * sBytes, Memory.i64(sums + 16L * h));
            Memory.i64(s + h * sBytes + 8, Memory.i64(sums + 16L * h + 8));
        }
    }

    private static void two(long sums, long q0, long q1, long k0, long keyBytes, int n) {
        long k1 = k0 + keyBytes;
        long k2 = k1 + keyBytes;
        long k3 = k2 + keyBytes;
        FloatVector s0 = Lanes.zero();
        FloatVector s1 = Lanes.zero();
        FloatVector s2 = Lanes.zero();
        FloatVector s3 = Lanes.zero();
        FloatVector s4 = Lanes.zero();
        FloatVector s5 = Lanes.zero();
        FloatVector s6 = Lanes.zero();
        FloatVector s7 = Lanes.zero();
        for (int i = 0; i < n; i += COUNT) {
            long at = 4L * i;
            FloatVector a = load(q0 + at);
            FloatVector b = load(q1 + at);
            FloatVector v = load(k0 + at);
            s0 = v.fma(a, s0);
            s4 = v.fma(b, s4);
            v = load(k1 + at);
            s1 = v.fma(a, s1);
            s5 = v.fma(b, s5);
            v = load(k2 + at);
            s2 = v.fma(a, s2);
            s6 = v.fma(b, s6);
            v = load(k3 + at);
            s3 = v.fma(a, s3);
            s7 = v.fma(b, s7);
        }
        long step = 4L * COUNT;
        store(s0, sums);
        store(s1, sums + step);
        store(s2, sums + 2 * step);
        store(s3, sums + 3 * step);
        store(s4, sums + 4 * step);
        store(s5, sums + 5 * step);
        store(s6, sums + 6 * step);
        store(s7, sums + 7 * step);
    }
}
