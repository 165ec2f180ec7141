package dev.heddle.checkpoint.hub;

import java.util.function.Consumer;

/// Adds up the bytes of a pull and reports them, ten times a second at most and at the end of each file.
final class Meter {
    private static final long INTERVAL = 100_000_000;

    private final Consumer<Progress> listener;
    private final long total;
    private final long start = System.nanoTime();
    private long finished;
    private long received;
    private long reported = start - INTERVAL;

    Meter(long total, Consumer<Progress> listener) {
        this.total = total;
        this.listener = listener;
    }

    /// `now` more bytes came, which makes `there` of the `size` bytes of `file`.
    void received(String file, long now, long there, long size) {
        received += now;
        long time = System.nanoTime();
        if (time - reported >= INTERVAL) {
            report(file, there, size);
            reported = time;
        }
    }

    /// All of `file` is there.
    void finished(String file, long size) {
        finished += size;
        listener.accept(new Progress(file, size, size, finished, total, rate()));
    }

    private void report(String file, long there, long size) {
        listener.accept(new Progress(file, there, size, finished + there, total, rate()));
    }

    private double rate() {
        return received * 1e9 / Math.max(1, System.nanoTime() - start);
    }
}
