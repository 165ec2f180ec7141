package dev.heddle.core.parallel;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// One pool of long-lived threads with a cheap fork and join for each kernel.
///
/// [#forRange] gives every thread, the calling one among them, a contiguous share of the `n` items, which it works
/// off from the front in pieces, as the hardware prefetchers like it; a thread that has finished takes pieces
/// from the back of another's share. Pieces shrink as a share does: a piece costs about 0.1 µs of its own, and only the last
/// ones decide how long the others wait. Which thread computes what therefore varies, and a kernel must give the same
/// bits whatever the cut: every output element is computed by one piece alone.
///
/// Waiting threads spin for a moment, because the next kernel follows at once, then give way to others, then park.
/// A thread that does not get a processor in time is not waited for: the others do its share.
///
/// One fork runs at a time, further callers queue; a fork inside a piece runs its whole range on the spot, and so do forks while a
/// program with few processors is [Settling].
public final class Workers implements AutoCloseable {
    /// Work on the items `from` (inclusive) to `to` (exclusive).
    @FunctionalInterface
    public interface Range {
        void run(int from, int to);
    }

    private static final long SPIN_NANOS = 60_000;
    private static final long YIELD_NANOS = 300_000;

    /// Slots of an array from one thread's entry to the next, so that no two share a cache line or its neighbour.
    private static final int PAD = 16;

    /// A thread takes one part in so many of what is left of its share.
    private static final int PARTS = 4;

    private static final long OPEN = 1L << 31;
    private static final long ACTIVE = OPEN - 1;

    private final Worker[] threads;
    /// Number of the fork (upper half), whether threads may still join it, and how many are inside.
    private final AtomicLong state = new AtomicLong();
    /// For each thread what is left of its share: first item (upper half) and end.
    private final AtomicLongArray shares;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final long[] pieces;
    private volatile boolean closed;
    private volatile Thread owner;
    // the fork under way; published by the write to state, and stable while any thread is inside
    private Range range;
    private int grain;

    /// A pool in which `count` threads work, the caller among them.
    public Workers(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + count);
        }
        pieces = new long[count * PAD];
        shares = new AtomicLongArray((count + 1) * PAD);
        threads = new Worker[count - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Worker(i + 1);
        }
        for (Worker thread : threads) {
            thread.start();
        }
    }

    /// Threads that work, the caller included.
    public int count() {
        return threads.length + 1;
    }

    /// Pieces that thread `index` (0 is the caller) has worked on since the pool was made.
    public long pieces(int index) {
        return pieces[index * PAD];
    }

    /// Runs `range` over 0..n in pieces of `grain` items or a multiple (the last of a share may be shorter) and returns when
    /// all are done. If a piece throws, pieces not yet begun are left out and the first exception is thrown here.
    public void forRange(int n, int grain, Range range) {
        if (n <= 0) {
            return;
        }
        Thread caller = Thread.currentThread();
        if (threads.length == 0 || n <= grain || owner == caller || caller instanceof Worker worker && worker.pool() == this
                || Settling.OF_PROGRAM.isUnderWay()) {
            pieces[0]++;
            range.run(0, n);
            return;
        }
        synchronized (this) {
            owner = caller;
            try {
                fork(n, Math.max(1, grain), range);
            } finally {
                this.range = null;
                owner = null;
            }
        }
    }

    private void fork(int n, int grain, Range range) {
        this.range = range;
        this.grain = grain;
        int count = count();
        long units = Math.ceilDiv(n, grain);
        for (int i = 0; i < count; i++) {
            long from = units * i / count * grain;
            long to = Math.min(units * (i + 1) / count * grain, n);
            shares.setPlain(i * PAD, from << 32 | to);
        }
        state.set(((state.get() >>> 32) + 1) << 32 | OPEN);
        for (Worker thread : threads) {
            if (thread.parked) {
                LockSupport.unpark(thread);
            }
        }
        work(0);
        state.getAndAdd(-OPEN); // whoever has not come by now is not needed
        for (int spins = 0; (state.get() & ACTIVE) != 0; spins++) {
            if (spins < 2000) {
                Thread.onSpinWait();
            } else {
                Thread.yield(); // the other thread may be waiting for this processor
            }
        }
        Throwable thrown = failure.getAndSet(null);
        switch (thrown) {
            case null -> {
            }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(thrown);
        }
    }

    /// Works off the share of thread `index`, then pieces of the others' shares.
    private void work(int index) {
        Range body = range;
        int step = grain;
        try {
            for (long piece = takeFirst(index * PAD, step); piece != 0; piece = takeFirst(index * PAD, step)) {
                run(body, piece, index);
            }
            for (int i = 1; i < count(); i++) {
                int victim = (index + i) % count() * PAD;
                for (long piece = takeLast(victim, step); piece != 0; piece = takeLast(victim, step)) {
                    run(body, piece, index);
                }
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
            for (int i = 0; i < count(); i++) {
                shares.set(i * PAD, 0);
            }
        }
    }

    private void run(Range body, long piece, int index) {
        pieces[index * PAD]++;
        body.run((int) (piece >>> 32), (int) piece);
    }

    /// Takes `step` items or a multiple from the front of a share; 0 if none is left.
    private long takeFirst(int share, int step) {
        while (true) {
            long left = shares.get(share);
            int from = (int) (left >>> 32);
            int to = (int) left;
            if (from >= to) {
                return 0;
            }
            int some = Math.max(1, (to - from) / PARTS / step) * step;
            int next = some < to - from ? from + some : to;
            if (shares.compareAndSet(share, left, (long) next << 32 | to)) {
                return (long) from << 32 | next;
            }
        }
    }

    /// Takes the last piece of a share; 0 if none is left.
    private long takeLast(int share, int step) {
        while (true) {
            long left = shares.get(share);
            int from = (int) (left >>> 32);
            int to = (int) left;
            if (from >= to) {
                return 0;
            }
            int next = from + (to - from - 1) / step * step;
            if (shares.compareAndSet(share, left, (long) from << 32 | next)) {
                return (long) next << 32 | to;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Worker thread : threads) {
            LockSupport.unpark(thread);
        }
    }

    private final class Worker extends Thread {
        private final int index;
        private volatile boolean parked;

        Worker(int index) {
            super(null, null, "heddle-worker-" + index, 0, false);
            this.index = index;
            setDaemon(true);
        }

        Workers pool() {
            return Workers.this;
        }

        @Override
        public void run() {
            long seen = 0;
            while (!closed) {
                long now = await(seen);
                seen = now >>> 32;
                while ((now & OPEN) != 0 && now >>> 32 == seen) {
                    if (state.compareAndSet(now, now + 1)) {
                        work(index);
                        state.getAndDecrement();
                        break;
                    }
                    now = state.get();
                }
            }
        }

        /// Waits for a fork other than number `seen`, or for the end.
        private long await(long seen) {
            long start = 0;
            for (int spins = 1;; spins++) {
                long now = state.get();
                if (now >>> 32 != seen || closed) {
                    return now;
                }
                Thread.onSpinWait();
                if (spins % 64 != 0) {
                    continue;
                }
                long time = System.nanoTime();
                if (start == 0) {
                    start = time;
                } else if (time - start > YIELD_NANOS) {
                    parked = true; // written before the state is read again: either we see the fork or it sees us
                    if (state.get() >>> 32 == seen && !closed) {
                        LockSupport.park(Workers.this);
                    }
                    parked = false;
                } else if (time - start > SPIN_NANOS) {
                    Thread.yield();
                }
            }
        }
    }
}
