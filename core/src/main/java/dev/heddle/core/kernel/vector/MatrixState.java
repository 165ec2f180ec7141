package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// One step of a head whose state S is a matrix of K key rows and V value columns, in place: passes over S that read it,
/// let it decay and write to it at once. Vectors lie along V; sums over key rows run in order of rows.
///
/// Decays come as change[i] = α − 1, and S decays by S + change·S: rounded to f32, an α close to 1 is off by up to 3e-8,
/// always to the same side where it is constant, which over thousands of rows is a drift; α − 1 is not.
///
/// Vector calls are spelt out, as in [BlockProduct].
final class MatrixState {
    private static final long VECTOR = 4L * Lanes.COUNT;

    private MatrixState() {
    }

    /// out[j] = Σ_i weight[i]·S[i,j].
    static void read(long s, int keys, int values, long weight, long out) {
        long row = 4L * values;
        int j = 0;
        for (; j + 4 * Lanes.COUNT <= values; j += 4 * Lanes.COUNT) {
            readFour(s + 4L * j, row, keys, weight, out + 4L * j);
        }
        for (; j < values; j += Lanes.COUNT) {
            readOne(s + 4L * j, row, keys, weight, out + 4L * j, F.indexInRange(0, values - j));
        }
    }

    /// S[i,j] ← (1 + change[i])·S[i,j] + key[i]·value[j]; out[j] = Σ_i query[i]·S[i,j], of S as it was if `before`, else as it is.
    static void advance(long s, int keys, int values, long change, long key, long value, long query, boolean before, long out) {
        long row = 4L * values;
        int j = 0;
        for (; j + 4 * Lanes.COUNT <= values; j += 4 * Lanes.COUNT) {
            if (before) {
                advanceFourBefore(s + 4L * j, row, keys, change, key, value + 4L * j, query, out + 4L * j);
            } else {
                advanceFour(s + 4L * j, row, keys, change, key, value + 4L * j, query, out + 4L * j);
            }
        }
        for (; j < values; j += Lanes.COUNT) {
            advanceOne(s + 4L * j, row, keys, change, key, value + 4L * j, query, before, out + 4L * j,
                    F.indexInRange(0, values - j));
        }
    }

    /// S[i,j] ← (1 + change[i])·S[i,j] + key[i]·value[j] − other[i]·held[j]; out[j] = Σ_i query[i]·S[i,j].
    static void replace(long s, int keys, int values, long change, long key, long value, long other, long held, long query,
            long out) {
        long row = 4L * values;
        int j = 0;
        for (; j + 4 * Lanes.COUNT <= values; j += 4 * Lanes.COUNT) {
            replaceFour(s + 4L * j, row, keys, change, key, value + 4L * j, other, held + 4L * j, query, out + 4L * j);
        }
        for (; j < values; j += Lanes.COUNT) {
            replaceOne(s + 4L * j, row, keys, change, key, value + 4L * j, other, held + 4L * j, query, out + 4L * j,
                    F.indexInRange(0, values - j));
        }
    }

    private static void readFour(long s, long row, int keys, long weight, long out) {
        FloatVector y0 = FloatVector.zero(F);
        FloatVector y1 = FloatVector.zero(F);
        FloatVector y2 = FloatVector.zero(F);
        FloatVector y3 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector w = FloatVector.broadcast(F, Memory.f32(weight + 4L * i));
            y0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER).fma(w, y0);
            y1 = FloatVector.fromMemorySegment(F, ALL, at + VECTOR, ORDER).fma(w, y1);
            y2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * VECTOR, ORDER).fma(w, y2);
            y3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * VECTOR, ORDER).fma(w, y3);
        }
        y0.intoMemorySegment(ALL, out, ORDER);
        y1.intoMemorySegment(ALL, out + VECTOR, ORDER);
        y2.intoMemorySegment(ALL, out + 2 * VECTOR, ORDER);
        y3.intoMemorySegment(ALL, out + 3 * VECTOR, ORDER);
    }

    private static void readOne(long s, long row, int keys, long weight, long out, VectorMask<Float> mask) {
        FloatVector y0 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector w = FloatVector.broadcast(F, Memory.f32(weight + 4L * i));
            y0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER, mask).fma(w, y0);
        }
        y0.intoMemorySegment(ALL, out, ORDER, mask);
    }

    private static void advanceFour(long s, long row, int keys, long change, long key, long value, long query, long out) {
        FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, value, ORDER);
        FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, value + VECTOR, ORDER);
        FloatVector v2 = FloatVector.fromMemorySegment(F, ALL, value + 2 * VECTOR, ORDER);
        FloatVector v3 = FloatVector.fromMemorySegment(F, ALL, value + 3 * VECTOR, ORDER);
        FloatVector y0 = FloatVector.zero(F);
        FloatVector y1 = FloatVector.zero(F);
        FloatVector y2 = FloatVector.zero(F);
        FloatVector y3 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector d = FloatVector.broadcast(F, Memory.f32(change + 4L * i));
            FloatVector k = FloatVector.broadcast(F, Memory.f32(key + 4L * i));
            FloatVector q = FloatVector.broadcast(F, Memory.f32(query + 4L * i));
            FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
            FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, at + VECTOR, ORDER);
            FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * VECTOR, ORDER);
            FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * VECTOR, ORDER);
            s0 = v0.fma(k, s0.fma(d, s0));
            s1 = v1.fma(k, s1.fma(d, s1));
            s2 = v2.fma(k, s2.fma(d, s2));
            s3 = v3.fma(k, s3.fma(d, s3));
            y0 = s0.fma(q, y0);
            y1 = s1.fma(q, y1);
            y2 = s2.fma(q, y2);
            y3 = s3.fma(q, y3);
            s0.intoMemorySegment(ALL, at, ORDER);
            s1.intoMemorySegment(ALL, at + VECTOR, ORDER);
            s2.intoMemorySegment(ALL, at + 2 * VECTOR, ORDER);
            s3.intoMemorySegment(ALL, at + 3 * VECTOR, ORDER);
        }
        y0.intoMemorySegment(ALL, out, ORDER);
        y1.intoMemorySegment(ALL, out + VECTOR, ORDER);
        y2.intoMemorySegment(ALL, out + 2 * VECTOR, ORDER);
        y3.intoMemorySegment(ALL, out + 3 * VECTOR, ORDER);
    }

    private static void advanceFourBefore(long s, long row, int keys, long change, long key, long value, long query,
            long out) {
        FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, value, ORDER);
        FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, value + VECTOR, ORDER);
        FloatVector v2 = FloatVector.fromMemorySegment(F, ALL, value + 2 * VECTOR, ORDER);
        FloatVector v3 = FloatVector.fromMemorySegment(F, ALL, value + 3 * VECTOR, ORDER);
        FloatVector y0 = FloatVector.zero(F);
        FloatVector y1 = FloatVector.zero(F);
        FloatVector y2 = FloatVector.zero(F);
        FloatVector y3 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector d = FloatVector.broadcast(F, Memory.f32(change + 4L * i));
            FloatVector k = FloatVector.broadcast(F, Memory.f32(key + 4L * i));
            FloatVector q = FloatVector.broadcast(F, Memory.f32(query + 4L * i));
            FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
            FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, at + VECTOR, ORDER);
            FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * VECTOR, ORDER);
            FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * VECTOR, ORDER);
            y0 = s0.fma(q, y0);
            y1 = s1.fma(q, y1);
            y2 = s2.fma(q, y2);
            y3 = s3.fma(q, y3);
            s0 = v0.fma(k, s0.fma(d, s0));
            s1 = v1.fma(k, s1.fma(d, s1));
            s2 = v2.fma(k, s2.fma(d, s2));
            s3 = v3.fma(k, s3.fma(d, s3));
            s0.intoMemorySegment(ALL, at, ORDER);
            s1.intoMemorySegment(ALL, at + VECTOR, ORDER);
            s2.intoMemorySegment(ALL, at + 2 * VECTOR, ORDER);
            s3.intoMemorySegment(ALL, at + 3 * VECTOR, ORDER);
        }
        y0.intoMemorySegment(ALL, out, ORDER);
        y1.intoMemorySegment(ALL, out + VECTOR, ORDER);
        y2.intoMemorySegment(ALL, out + 2 * VECTOR, ORDER);
        y3.intoMemorySegment(ALL, out + 3 * VECTOR, ORDER);
    }

    private static void advanceOne(long s, long row, int keys, long change, long key, long value, long query,
            boolean before, long out, VectorMask<Float> mask) {
        FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, value, ORDER, mask);
        FloatVector y0 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector q = FloatVector.broadcast(F, Memory.f32(query + 4L * i));
            FloatVector old = FloatVector.fromMemorySegment(F, ALL, at, ORDER, mask);
            FloatVector now = v0.fma(FloatVector.broadcast(F, Memory.f32(key + 4L * i)), old.fma(FloatVector.broadcast(F, Memory.f32(change + 4L * i)), old));
            now.intoMemorySegment(ALL, at, ORDER, mask);
            y0 = (before ? old : now).fma(q, y0);
        }
        y0.intoMemorySegment(ALL, out, ORDER, mask);
    }

    private static void replaceFour(long s, long row, int keys, long change, long key, long value, long other,
            long held, long query, long out) {
        FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, value, ORDER);
        FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, value + VECTOR, ORDER);
        FloatVector v2 = FloatVector.fromMemorySegment(F, ALL, value + 2 * VECTOR, ORDER);
        FloatVector v3 = FloatVector.fromMemorySegment(F, ALL, value + 3 * VECTOR, ORDER);
        FloatVector h0 = FloatVector.fromMemorySegment(F, ALL, held, ORDER).neg();
        FloatVector h1 = FloatVector.fromMemorySegment(F, ALL, held + VECTOR, ORDER).neg();
        FloatVector h2 = FloatVector.fromMemorySegment(F, ALL, held + 2 * VECTOR, ORDER).neg();
        FloatVector h3 = FloatVector.fromMemorySegment(F, ALL, held + 3 * VECTOR, ORDER).neg();
        FloatVector y0 = FloatVector.zero(F);
        FloatVector y1 = FloatVector.zero(F);
        FloatVector y2 = FloatVector.zero(F);
        FloatVector y3 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector d = FloatVector.broadcast(F, Memory.f32(change + 4L * i));
            FloatVector k = FloatVector.broadcast(F, Memory.f32(key + 4L * i));
            FloatVector m = FloatVector.broadcast(F, Memory.f32(other + 4L * i));
            FloatVector q = FloatVector.broadcast(F, Memory.f32(query + 4L * i));
            FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
            s0 = h0.fma(m, v0.fma(k, s0.fma(d, s0)));
            FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, at + VECTOR, ORDER);
            s1 = h1.fma(m, v1.fma(k, s1.fma(d, s1)));
            FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * VECTOR, ORDER);
            s2 = h2.fma(m, v2.fma(k, s2.fma(d, s2)));
            FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * VECTOR, ORDER);
            s3 = h3.fma(m, v3.fma(k, s3.fma(d, s3)));
            y0 = s0.fma(q, y0);
            y1 = s1.fma(q, y1);
            y2 = s2.fma(q, y2);
            y3 = s3.fma(q, y3);
            s0.intoMemorySegment(ALL, at, ORDER);
            s1.intoMemorySegment(ALL, at + VECTOR, ORDER);
            s2.intoMemorySegment(ALL, at + 2 * VECTOR, ORDER);
            s3.intoMemorySegment(ALL, at + 3 * VECTOR, ORDER);
        }
        y0.intoMemorySegment(ALL, out, ORDER);
        y1.intoMemorySegment(ALL, out + VECTOR, ORDER);
        y2.intoMemorySegment(ALL, out + 2 * VECTOR, ORDER);
        y3.intoMemorySegment(ALL, out + 3 * VECTOR, ORDER);
    }

    private static void replaceOne(long s, long row, int keys, long change, long key, long value, long other,
            long held, long query, long out, VectorMask<Float> mask) {
        FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, value, ORDER, mask);
        FloatVector h0 = FloatVector.fromMemorySegment(F, ALL, held, ORDER, mask).neg();
        FloatVector y0 = FloatVector.zero(F);
        for (int i = 0; i < keys; i++) {
            long at = s + i * row;
            FloatVector d = FloatVector.broadcast(F, Memory.f32(change + 4L * i));
            FloatVector k = FloatVector.broadcast(F, Memory.f32(key + 4L * i));
            FloatVector m = FloatVector.broadcast(F, Memory.f32(other + 4L * i));
            FloatVector q = FloatVector.broadcast(F, Memory.f32(query + 4L * i));
            FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER, mask);
            s0 = h0.fma(m, v0.fma(k, s0.fma(d, s0)));
            y0 = s0.fma(q, y0);
            s0.intoMemorySegment(ALL, at, ORDER, mask);
        }
        y0.intoMemorySegment(ALL, out, ORDER, mask);
    }
}
