package dev.heddle.engine.measure;

import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// What this machine can do at best: the bounds that measured speeds are compared with.
///
/// @param bytesPerSecond reading memory that no cache holds, on all threads
/// @param flopsPerSecond f32 multiply-adds between registers, on all threads, two operations each
public record MachineLimits(double bytesPerSecond, double flopsPerSecond) {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final long BUFFER = 1L << 30;
    private static final int ROUNDS = 7;
    private static final int STEPS = 20_000_000;

    /// Streams a buffer of 1 GiB seven times and runs a register-only loop seven times; the best of each counts.
    public static MachineLimits measure(Workers workers) {
        return new MachineLimits(bandwidth(workers), peak(workers));
    }

    private static double bandwidth(Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            long address = Memory.allocate(arena, BUFFER).address();
            int pieces = workers.count();
            long piece = BUFFER / pieces / 4096 * 4096;
            long[] sink = new long[pieces];
            workers.forRange(pieces, 1, (from, to) -> {
                for (int i = from; i < to; i++) {
                    for (long at = i * piece; at < (i + 1) * piece; at += 4096) {
                        Memory.i64(address + at, at);
                    }
                }
            });
            double best = 0;
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                workers.forRange(pieces, 1, (from, to) -> {
                    for (int i = from; i < to; i++) {
                        sink[i] += stream(address + i * piece, piece);
                    }
                });
                best = Math.max(best, piece * pieces / ((System.nanoTime() - start) * 1e-9));
            }
            if (Arrays.stream(sink).sum() == 42) {
                throw new IllegalStateException("the sums of a measuring loop cannot be 42");
            }
            return best;
        }
    }

    private static long stream(long address, long bytes) {
        LongVector a = LongVector.zero(LONGS);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        int step = LONGS.vectorByteSize();
        long end = address + bytes / (4 * step) * (4 * step);
        for (long at = address; at < end; at += 4L * step) {
            a = a.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, Memory.ALL, at, Memory.ORDER));
            b = b.lanewise(VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONGS, Memory.ALL, at + step, Memory.ORDER));
            c = c.lanewise(VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONGS, Memory.ALL, at + 2L * step, Memory.ORDER));
            d = d.lanewise(VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONGS, Memory.ALL, at + 3L * step, Memory.ORDER));
        }
        return a.lanewise(VectorOperators.XOR, b).lane(0)
                ^ c.lanewise(VectorOperators.XOR, d).lane(0);
    }

    private static double peak(Workers workers) {
        int threads = workers.count();
        float[] sink = new float[threads];
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            workers.forRange(threads, 1, (from, to) -> {
                for (int i = from; i < to; i++) {
                    sink[i] += multiplyAdd(STEPS);
                }
            });
            double flops = 2.0 * 10 * FLOATS.length() * STEPS * threads;
            best = Math.max(best, flops / ((System.nanoTime() - start) * 1e-9));
        }
        if (Float.isNaN(sink[0])) {
            throw new IllegalStateException("a measuring loop computed NaN");
        }
        return best;
    }

    private static float multiplyAdd(int steps) {
        FloatVector x = FloatVector.broadcast(FLOATS, 0.999f);
        FloatVector y = FloatVector.broadcast(FLOATS, 0.001f);
        FloatVector a = x;
        FloatVector b = x;
        FloatVector c = x;
        FloatVector d = x;
        FloatVector e = x;
        FloatVector f = x;
        FloatVector g = x;
        FloatVector h = x;
        FloatVector k = x;
        FloatVector l = x;
        for (int i = 0; i < steps; i++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(k).add(l).lane(0);
    }
}
