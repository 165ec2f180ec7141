package dev.heddle.engine.serve;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// An answer on its way, as its reader sees it. Tokens wait here until [#next] takes them; a reader that falls far behind
/// makes its generation pause. Safe for use by several threads; closing it cancels what still runs.
public final class Generation implements AutoCloseable {
    /// Tokens that may wait for their reader.
    static final int BUFFER = 1024;

    private final GenerationRequest request;
    private final Runnable wake;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<GeneratedToken> tokens = new ArrayDeque<>();
    private final long submitted = System.nanoTime();
    private Optional<Finish> finish = Optional.empty();
    private Optional<Throwable> failure = Optional.empty();
    private long started;
    private long first;
    private long last;
    private int cached;
    private int generated;
    private volatile boolean cancelled;

    /// @param wake tells the scheduler that something has changed
    Generation(GenerationRequest request, Runnable wake) {
        this.request = request;
        this.wake = wake;
    }

    public GenerationRequest request() {
        return request;
    }

    /// The next token, once it is there; empty at the end.
    public Optional<GeneratedToken> next() throws InterruptedException {
        boolean resumed;
        GeneratedToken token;
        lock.lockInterruptibly();
        try {
            while (tokens.isEmpty() && finish.isEmpty()) {
                changed.await();
            }
            resumed = tokens.size() == BUFFER;
            token = tokens.poll();
        } finally {
            lock.unlock();
        }
        if (resumed) {
            wake.run();
        }
        return Optional.ofNullable(token);
    }

    /// Waits for the end and returns why it came. Tokens stay to be read, so an answer longer than the buffer needs a
    /// reader besides.
    public Finish await() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (finish.isEmpty()) {
                changed.await();
            }
            return finish.get();
        } finally {
            lock.unlock();
        }
    }

    /// Reads the rest of the answer and waits for its end.
    public int[] rest() throws InterruptedException {
        int[] ids = new int[16];
        int count = 0;
        for (Optional<GeneratedToken> token = next(); token.isPresent(); token = next()) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, count * 2);
            }
            ids[count++] = token.get().id();
        }
        return Arrays.copyOf(ids, count);
    }

    /// Ends the generation: what it holds is free after the step under way. Nothing happens if it has ended already.
    public void cancel() {
        cancelled = true;
        wake.run();
    }

    @Override
    public void close() {
        cancel();
    }

    /// Why it ended; empty while it waits or runs.
    public Optional<Finish> finish() {
        lock.lock();
        try {
            return finish;
        } finally {
            lock.unlock();
        }
    }

    /// What went wrong, with [Finish#FAILED].
    public Optional<Throwable> failure() {
        lock.lock();
        try {
            return failure;
        } finally {
            lock.unlock();
        }
    }

    public Usage usage() {
        lock.lock();
        try {
            return new Usage(request.prompt().length, cached, generated);
        } finally {
            lock.unlock();
        }
    }

    public Timings timings() {
        lock.lock();
        try {
            long now = finish.isPresent() ? last : System.nanoTime();
            long begun = started == 0 ? now : started;
            long answered = first == 0 ? now : first;
            return new Timings((begun - submitted) * 1e-9, started == 0 ? 0 : (answered - begun) * 1e-9,
                    first == 0 ? 0 : (now - first) * 1e-9);
        } finally {
            lock.unlock();
        }
    }

    /// When it was submitted, as [System#nanoTime] has it.
    long submitted() {
        return submitted;
    }

    boolean isCancelled() {
        return cancelled;
    }

    /// Whether the reader is so far behind that no token fits.
    boolean isFull() {
        lock.lock();
        try {
            return tokens.size() >= BUFFER;
        } finally {
            lock.unlock();
        }
    }

    void begin(int cachedTokens) {
        lock.lock();
        try {
            started = System.nanoTime();
            cached = cachedTokens;
        } finally {
            lock.unlock();
        }
    }

    void offer(GeneratedToken token) {
        lock.lock();
        try {
            if (first == 0) {
                first = System.nanoTime();
            }
            generated++;
            tokens.add(token);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void end(Finish why, Optional<Throwable> cause) {
        lock.lock();
        try {
            if (finish.isEmpty()) {
                finish = Optional.of(why);
                failure = cause;
                last = System.nanoTime();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}
