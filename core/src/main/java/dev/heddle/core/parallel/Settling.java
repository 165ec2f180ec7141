package dev.heddle.core.parallel;

import java.util.function.LongSupplier;

/// The moment after a program's first pass has begun, when Java still interprets the kernels, vectors a thousand times slower than
/// later. What a second thread computes then is next to nothing, but where processors are few it takes one of them from the
/// compiler. So forks run on their caller alone, and the first token comes sooner (docs/performance.md).
public final class Settling {
    static final Settling OF_PROGRAM = new Settling(Runtime.getRuntime().availableProcessors(), System::nanoTime);

    /// How long kernels take to be compiled, about.
    static final long NANOS = 1_400_000_000;

    /// Processors from which on the compiler finds one of its own.
    private static final int ENOUGH = 4;

    private final boolean useful;
    private final LongSupplier clock;
    private volatile boolean begun;
    private volatile boolean underWay;
    private volatile long end;

    Settling(int processors, LongSupplier clock) {
        useful = processors < ENOUGH;
        this.clock = clock;
    }

    /// To be told at the beginning of every pass; only a program's first counts.
    public static void passBegins() {
        OF_PROGRAM.begin();
    }

    void begin() {
        if (!begun) {
            begun = true;
            end = clock.getAsLong() + NANOS;
            underWay = useful;
        }
    }

    boolean isUnderWay() {
        if (underWay && clock.getAsLong() - end >= 0) {
            underWay = false;
        }
        return underWay;
    }
}
