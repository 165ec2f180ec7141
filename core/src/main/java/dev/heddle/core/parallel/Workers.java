package dev.heddle.core.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// One pool of long-lived threads with a cheap fork and join for each kernel.
///
/// [#forRange] cuts `n` items into pieces that the threads take one after the other; the calling thread works
/// too. Pieces are claimed dynamically, so a kernel must give the same bits whatever the cut: every output
/// element is computed by one piece alone. Waiting threads spin for a few microseconds, because the next kernel
/// follows at once, and then park.
///
/// One fork runs at a time; a fork inside a piece runs that piece's range on the spot.
public final class Workers implements AutoCloseable {
    /// Work on the items `from` (inclusive) to `to` (exclusive).
    @FunctionalInterface
    public interface Range {
        void run(int from, int to);
    }

    private static final int SPINS = 20_000;

    private final Thread[] threads;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private volatile int epoch;
    private volatile boolean closed;
    private volatile Throwable failure;
    private Range range;
    private int items;
    private int grain;
    private Thread owner;
    private final long[] pieces;

    /// A pool in which `count` threads work, the caller among them.
    public Workers(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + count);
        }
        pieces = new long[count * 8];
        threads = new Thread[count - 1];
        for (int i = 0; i < threads.length; i++) {
            int index = i + 1;
            threads[i] = Thread.ofPlatform().daemon().name("heddle-worker-" + index).start(() -> serve(index));
        }
    }

    /// Threads that work, the caller included.
    public int count() {
        return threads.length + 1;
    }

    /// Pieces that thread `index` (0 is the caller) has worked on since the pool was made.
    public long pieces(int index) {
        return pieces[index * 8];
    }

    /// Runs `range` over 0..n in pieces of at least `grain` items and returns when all are done.
    /// @throws RuntimeException what a piece threw
    public void forRange(int n, int grain, Range range) {
        if (n <= 0) {
            return;
        }
        if (threads.length == 0 || n <= grain || owner == Thread.currentThread()) {
            range.run(0, n);
            return;
        }
        synchronized (this) {
            owner = Thread.currentThread();
            try {
                fork(n, Math.max(1, grain), range);
            } finally {
                owner = null;
                this.range = null;
            }
        }
    }

    private void fork(int n, int grain, Range range) {
        this.range = range;
        items = n;
        this.grain = grain;
        next.set(0);
        busy.set(threads.length);
        epoch++; // publishes the fields above
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        work(0);
        while (busy.get() > 0) {
            Thread.onSpinWait();
        }
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            if (thrown instanceof RuntimeException e) {
                throw e;
            }
            if (thrown instanceof Error e) {
                throw e;
            }
            throw new IllegalStateException(thrown);
        }
    }

    private void work(int index) {
        Range body = range;
        int n = items;
        int step = grain;
        try {
            for (int from = next.getAndAdd(step); from < n; from = next.getAndAdd(step)) {
                pieces[index * 8]++;
                body.run(from, Math.min(n, from + step));
            }
        } catch (Throwable thrown) {
            failure = thrown;
            next.set(n);
        }
    }

    private void serve(int index) {
        int seen = 0;
        while (!closed) {
            int spins = 0;
            while (epoch == seen && !closed) {
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            seen = epoch;
            work(index);
            busy.decrementAndGet();
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }
}
