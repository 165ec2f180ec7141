package dev.heddle.core.kernel.vector;

import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;

/// Cuts rows into stretches of columns and shares them among threads, where there is enough to share.
final class Stretches {
    /// Most columns of one stretch, a multiple of every lane count.
    static final int COLUMNS = 8192;

    /// Elements of simple arithmetic that are worth a thread's while.
    static final int LIGHT = 1 << 15;

    /// Elements of a transcendental function that are worth a thread's while: some ten microseconds, because now and then the other
    /// thread comes late.
    static final int HEAVY = 1 << 14;

    /// Work on the columns `from` to `from + count` of a row.
    @FunctionalInterface
    interface Body {
        void run(int row, int from, int count);
    }

    private Stretches() {
    }

    /// Every column of every row once.
    ///
    /// @param least elements that a thread should take at once
    static void each(Workers workers, int rows, int columns, int least, Body body) {
        if (rows == 0 || columns == 0) {
            return;
        }
        int across = Math.ceilDiv(columns, COLUMNS);
        int grain = Math.ceilDiv(least, Math.min(columns, COLUMNS));
        workers.forRange(rows * across, grain, (from, to) -> {
            for (int i = from; i < to; i++) {
                int column = i % across * COLUMNS;
                body.run(i / across, column, Math.min(COLUMNS, columns - column));
            }
        });
    }

    /// Every column, in stretches of whole vectors: for sums down the rows, whose order no thread may change.
    ///
    /// @param rows how many elements lie below each column
    static void columns(Workers workers, int rows, int columns, int least, Body body) {
        int width = 16 * Lanes.COUNT;
        int grain = Math.ceilDiv(least, Math.max(1, rows) * width);
        workers.forRange(Math.ceilDiv(columns, width), grain, (from, to) -> {
            int end = Math.min(to * width, columns);
            body.run(0, from * width, end - from * width);
        });
    }

    static boolean f32(Tensor a) {
        return a.dtype() == DType.F32;
    }

    static boolean f32(Tensor a, Tensor b) {
        return f32(a) && f32(b);
    }

    static boolean f32(Tensor a, Tensor b, Tensor c) {
        return f32(a) && f32(b) && f32(c);
    }
}
