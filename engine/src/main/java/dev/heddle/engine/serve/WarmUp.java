package dev.heddle.engine.serve;

import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.LanguageModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;

/// Runs a model on random tokens while nobody asks it anything, so that the first answers find code that is compiled already.
/// It goes on in short pieces between the scheduler's steps: a request waits for one of them at most. Nothing of it stays.
public final class WarmUp {
    private static final int MOST_ROWS = 16;
    private static final int PROMPT = 16;
    private static final int STEPS = 16;
    /// A piece begins no further pass after this time.
    private static final long PIECE = Duration.ofMillis(25).toNanos();
    /// After a piece that took longer than this, the next one goes back to a single sequence.
    private static final long LONG_PIECE = Duration.ofMillis(100).toNanos();
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final Scheduler scheduler;
    private final SplittableRandom random = new SplittableRandom(1);

    private final Thread thread;
    private volatile int pieces;

    private WarmUp(Scheduler scheduler, Duration limit) {
        this.scheduler = scheduler;
        thread = Thread.ofVirtual().name("heddle-warm-up").unstarted(() -> run(limit));
    }

    /// Begins in a thread of its own, which ends when the scheduler is closed or `limit` has passed.
    public static WarmUp start(Scheduler scheduler, Duration limit) {
        WarmUp warmUp = new WarmUp(scheduler, limit);
        warmUp.thread.start();
        return warmUp;
    }

    /// Pieces run so far.
    public int pieces() {
        return pieces;
    }

    /// Waits for its end; returns whether it came within `time`.
    public boolean join(Duration time) throws InterruptedException {
        return thread.join(time);
    }

    private void run(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        int most = Math.min(MOST_ROWS, scheduler.options().parallel());
        int rows = 1;
        try {
            while ((scheduler.context() == 0 || scheduler.context() >= PROMPT + STEPS) && System.nanoTime() < end) {
                SchedulerCounters counters = scheduler.counters();
                if (counters.running() + counters.waiting() > 0) {
                    Thread.sleep(PAUSE);
                    continue;
                }
                int count = rows;
                long took = scheduler.between(model -> piece(model, count)).get();
                pieces++;
                rows = took > LONG_PIECE || rows == most ? 1 : Math.min(2 * rows, most);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            System.getLogger("dev.heddle").log(System.Logger.Level.WARNING, "heddle: warming up failed: {0}", e.getCause());
        } catch (IllegalStateException e) {
            // the scheduler has been closed
        }
    }

    /// A short prompt for each of `rows` sequences and some steps of all; returns the nanoseconds it took.
    private long piece(LanguageModel model, int rows) {
        long start = System.nanoTime();
        List<SequenceState> sequences = new ArrayList<>();
        try {
            for (int i = 0; i < rows; i++) {
                sequences.add(model.open());
            }
            model.lastLogits(sequences, tokens(model, rows, PROMPT));
            for (int step = 0; step < STEPS && System.nanoTime() - start < PIECE; step++) {
                model.lastLogits(sequences, tokens(model, rows, 1));
            }
        } finally {
            sequences.forEach(SequenceState::close);
        }
        return System.nanoTime() - start;
    }

    private List<int[]> tokens(LanguageModel model, int rows, int count) {
        List<int[]> tokens = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            tokens.add(random.ints(count, 0, model.spec().vocabulary()).toArray());
        }
        return tokens;
    }
}
