package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// The way back through a recurrence whose head keeps a matrix S of K key rows and V value columns, row by row of the
/// sequence: S is kept every [#CHUNK] rows on the way forward and recomputed between on the way back.
///
/// Columns of S do not meet: a large S is walked in strips of columns, of which the states of a chunk stay in the cache.
/// What strips add to gradients of key rows is added in order of strips.
///
/// Vector calls are spelt out, as in [BlockProduct].
final class MatrixBackward {
    /// Rows of the sequence between the states that are kept.
    static final int CHUNK = 32;

    /// Numbers of a strip of S.
    private static final int STRIP = 1 << 14;

    /// Vectors of K numbers, and of V numbers, that a recurrence may use.
    private static final int SPARE = 8;

    /// Advances `state` over row `t`.
    @FunctionalInterface
    interface Step {
        void apply(long state, int t);
    }

    /// Turns the gradient of the state after row `t` into that of the state before it, adding the row's own gradients on the
    /// way.
    @FunctionalInterface
    interface RowBackward {
        void apply(long gradient, long before, long after, int t);
    }

    private final int keys;
    private final int values;
    private final long stateBytes;
    private final long gradient;
    private final long states;
    private final long boundaries;
    private final long spare;

    /// @param length of the sequence
    /// @param values columns of the strip
    /// @param extra  numbers that a state has past its matrix
    MatrixBackward(Scratch scratch, int length, int keys, int values, int extra) {
        this.keys = keys;
        this.values = values;
        stateBytes = 4L * Rows.padded(keys * values + extra);
        long spareBytes = 4L * SPARE * (Rows.padded(keys) + Rows.padded(values));
        spare = scratch.address(spareBytes + stateBytes * (CHUNK + 2 + Math.ceilDiv(length, CHUNK)));
        gradient = spare + spareBytes;
        states = gradient + stateBytes;
        boundaries = states + stateBytes * (CHUNK + 1);
    }

    /// Columns of a strip where heads have `values` of them.
    static int strip(int keys, int values) {
        return keys * values <= STRIP ? values : Math.min(values, Math.max(64, STRIP / keys / 64 * 64));
    }

    /// Room for K numbers and what fills a vector; `n` below [#SPARE].
    long keyed(int n) {
        return spare + 4L * Rows.padded(keys) * n;
    }

    /// Room for V numbers and what fills a vector; `n` below [#SPARE].
    long valued(int n) {
        return spare + 4L * SPARE * Rows.padded(keys) + 4L * Rows.padded(values) * n;
    }

    /// Where the state before the first row is to be written before [#run].
    long initial() {
        return states;
    }

    /// Reads the strip's part of a state of `columns` columns.
    void load(long state, int columns) {
        for (int i = 0; i < keys; i++) {
            Memory.copy(states + 4L * i * values, state + 4L * i * columns, 4L * values);
        }
    }

    void run(int start, int end, Step step, RowBackward back) {
        for (int t = start; t < end; t++) {
            if ((t - start) % CHUNK == 0) {
                Memory.copy(boundaries + (t - start) / CHUNK * stateBytes, states, stateBytes);
            }
            step.apply(states, t);
        }
        ConvolutionRows.zero(gradient, (int) (stateBytes / 4));
        for (int chunk = Math.ceilDiv(end - start, CHUNK) - 1; chunk >= 0; chunk--) {
            int from = start + chunk * CHUNK;
            int to = Math.min(end, from + CHUNK);
            Memory.copy(states, boundaries + chunk * stateBytes, stateBytes);
            for (int t = from; t < to; t++) {
                long state = states + (t - from) * stateBytes;
                Memory.copy(state + stateBytes, state, stateBytes);
                step.apply(state + stateBytes, t);
            }
            for (int t = to - 1; t >= from; t--) {
                long state = states + (t - from) * stateBytes;
                back.apply(gradient, state, state + stateBytes, t);
            }
        }
    }

    /// out[j] = Σ_i weight[i]·m[i,j].
    void down(long out, long m, long weight) {
        MatrixState.read(m, keys, values, weight, out);
    }

    /// out[i] = Σ_j m[i,j]·x[j].
    void across(long out, long m, long x) {
        RowsF32.one(out, x, m, 4L * values, keys, values);
    }

    /// out[i] = Σ_j a[i,j]·b[i,j].
    void both(long out, long a, long b) {
        int whole = Lanes.whole(values);
        VectorMask<Float> rest = F.indexInRange(0, values - whole);
        for (int i = 0; i < keys; i++) {
            long at = 4L * i * values;
            FloatVector sum = FloatVector.zero(F);
            for (int j = 0; j < whole; j += Lanes.COUNT) {
                sum = FloatVector.fromMemorySegment(F, ALL, a + at + 4L * j, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, b + at + 4L * j, ORDER), sum);
            }
            if (whole < values) {
                sum = FloatVector.fromMemorySegment(F, ALL, a + at + 4L * whole, ORDER, rest)
                        .fma(FloatVector.fromMemorySegment(F, ALL, b + at + 4L * whole, ORDER, rest), sum);
            }
            Memory.f32(out + 4L * i, Lanes.sum(sum));
        }
    }

    /// m[i,j] ← m[i,j] + key[i]·value[j].
    void write(long m, long key, long value) {
        int whole = Lanes.whole(values);
        VectorMask<Float> rest = F.indexInRange(0, values - whole);
        for (int i = 0; i < keys; i++) {
            long at = m + 4L * i * values;
            FloatVector k = FloatVector.broadcast(F, Memory.f32(key + 4L * i));
            for (int j = 0; j < whole; j += Lanes.COUNT) {
                FloatVector old = FloatVector.fromMemorySegment(F, ALL, at + 4L * j, ORDER);
                FloatVector.fromMemorySegment(F, ALL, value + 4L * j, ORDER).fma(k, old).intoMemorySegment(ALL, at + 4L * j, ORDER);
            }
            if (whole < values) {
                FloatVector old = FloatVector.fromMemorySegment(F, ALL, at + 4L * whole, ORDER, rest);
                FloatVector.fromMemorySegment(F, ALL, value + 4L * whole, ORDER, rest).fma(k, old)
                        .intoMemorySegment(ALL, at + 4L * whole, ORDER, rest);
            }
        }
    }

    /// m[i,j] ← (1 + change[i])·m[i,j].
    void decay(long m, long change) {
        for (int i = 0; i < keys; i++) {
            long at = m + 4L * i * values;
            Rows.add(at, at, values, Memory.f32(change + 4L * i));
        }
    }

    /// m[i,j] ← (1 + change[i])·m[i,j] + key[i]·value[j].
    void advance(long m, long change, long key, long value) {
        int whole = Lanes.whole(values);
        VectorMask<Float> rest = F.indexInRange(0, values - whole);
        for (int i = 0; i < keys; i++) {
            long at = m + 4L * i * values;
            FloatVector d = FloatVector.broadcast(F, Memory.f32(change + 4L * i));
            FloatVector k = FloatVector.broadcast(F, Memory.f32(key + 4L * i));
            for (int j = 0; j < whole; j += Lanes.COUNT) {
                FloatVector old = FloatVector.fromMemorySegment(F, ALL, at + 4L * j, ORDER);
                FloatVector.fromMemorySegment(F, ALL, value + 4L * j, ORDER).fma(k, old.fma(d, old))
                        .intoMemorySegment(ALL, at + 4L * j, ORDER);
            }
            if (whole < values) {
                FloatVector old = FloatVector.fromMemorySegment(F, ALL, at + 4L * whole, ORDER, rest);
                FloatVector.fromMemorySegment(F, ALL, value + 4L * whole, ORDER, rest).fma(k, old.fma(d, old))
                        .intoMemorySegment(ALL, at + 4L * whole, ORDER, rest);
            }
        }
    }
}
