package dev.heddle.engine.measure;

import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// What this machine can do at best: the bounds that measured speeds are compared with.
///
/// @param bytesPerSecond reading memory that no cache holds, on all threads
/// @param flopsPerSecond f32 multiply-adds between registers, on all threads, two operations each
public record MachineLimits(double bytesPerSecond, double flopsPerSecond) {
    private static final long BUFFER = 1L << 30;
    private static final int ROUNDS = 7;
    private static final int STEPS = 20_000_000;

    /// Streams a buffer of 1 GiB seven times and runs a register-only loop seven times; the best of each counts.
    public static MachineLimits measure(Workers workers) {
        MeasuringLoops loops = MeasuringLoops.of(CpuBackend.vectorModulePresent());
        return new MachineLimits(bandwidth(workers, loops), peak(workers, loops));
    }

    /// The arithmetic limit alone.
    public static double flopsPerSecond(Workers workers) {
        return peak(workers, MeasuringLoops.of(CpuBackend.vectorModulePresent()));
    }

    private static double bandwidth(Workers workers, MeasuringLoops loops) {
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
                        sink[i] += loops.stream(address + i * piece, piece);
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

    private static double peak(Workers workers, MeasuringLoops loops) {
        int threads = workers.count();
        float[] sink = new float[threads];
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            workers.forRange(threads, 1, (from, to) -> {
                for (int i = from; i < to; i++) {
                    sink[i] += loops.multiplyAdd(STEPS);
                }
            });
            double flops = 2.0 * MeasuringLoops.CHAINS * loops.lanes() * STEPS * threads;
            best = Math.max(best, flops / ((System.nanoTime() - start) * 1e-9));
        }
        if (Float.isNaN(sink[0])) {
            throw new IllegalStateException("a measuring loop computed NaN");
        }
        return best;
    }
}
