package dev.heddle.engine.serve;

import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.state.StatePool;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.cache.CacheCounters;
import dev.heddle.engine.cache.ModelFingerprint;
import dev.heddle.engine.cache.PrefixCache;
import dev.heddle.engine.cache.SnapshotFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/// Runs many generations on one model at a time. One thread steps the model: each step is a single ragged pass with the
/// next row of every answer and a bounded piece of the prompts that wait, so generations come and go between steps. After
/// a piece of a prompt the answers have some steps for themselves, so a long prompt does not hold them up.
///
/// An answer has the same bits whatever else runs: prompts are cut at fixed places ([Pieces]), counted from the start of
/// the sequence, and a row's values do not depend on the rows beside it.
///
/// A generation gets a place when what it may come to need (recurrent states, and keys and values up to its last token)
/// fits into the memory beside all others; the cache gives way first. Places go to the client that has the fewest.
///
/// Safe for use by several threads. While it is open the model belongs to it; use [#between] for anything else.
public final class Scheduler implements AutoCloseable {
    private static final int LONGEST_RETRY = 120;
    /// After a pass with prompts, answers go on alone for this part of the time it took.
    private static final int ANSWERS_SHARE = 4;
    private static final long LOOK_AROUND = TimeUnit.MILLISECONDS.toNanos(100);

    private final LanguageModel model;
    private final SchedulerOptions options;
    private final Pieces pieces;
    private final int context;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final FairQueue<Generation> waiting = new FairQueue<>();
    private final List<Running> running = new ArrayList<>();
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final Tally tally = new Tally();
    private final Optional<PrefixCache> cache;
    private final Thread thread;
    private CacheCounters cacheCounters = CacheCounters.NONE;
    private int entering;
    private long reserved;
    private long stateBytes;
    private long steps;
    /// Time that answers may still go on alone.
    private long answersTime;
    private boolean draining;
    private boolean closed;

    /// Begins at once; closing it leaves `model` open.
    ///
    /// @throws IllegalArgumentException if the memory does not hold a single sequence of one chunk
    public Scheduler(LanguageModel model, SchedulerOptions options) {
        this.model = model;
        this.options = options;
        pieces = new Pieces(options.prefillChunk());
        context = context(model, options);
        model.states().expect(options.parallel(), options.memoryBytes());
        cache = options.cacheBytes() == 0 ? Optional.empty() : Optional.of(new PrefixCache(model.states(), Pieces.FIRST,
                options.cacheBytes(), options.cacheFolder().map(folder -> folder(model, options, pieces, folder))));
        thread = Thread.ofPlatform().name("heddle-scheduler").daemon().start(this::run);
    }

    private static SnapshotFolder folder(LanguageModel model, SchedulerOptions options, Pieces pieces, Path folder) {
        try {
            return new SnapshotFolder(folder, options.cacheFolderBytes(), ModelFingerprint.of(model, pieces.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the cache, " + folder + ", cannot be used: " + e, e);
        }
    }

    /// The positions a sequence may reach: as asked, else as the model was made, and no more than the memory holds; 0 if
    /// nothing limits it.
    private static int context(LanguageModel model, SchedulerOptions options) {
        StatePool states = model.states();
        boolean grows = states.layout().keyValues().stream().mapToInt(StateLayout.KeyValue::window).anyMatch(window -> window == 0);
        int asked = options.context() > 0 ? options.context() : grows ? model.spec().context() : 0;
        int chunk = options.prefillChunk();
        long least = states.bytes(chunk, chunk);
        if (least > options.memoryBytes()) {
            throw new IllegalArgumentException("a memory of " + options.memoryBytes() + " bytes does not hold a sequence of "
                    + chunk + " tokens, which needs " + least + " bytes");
        }
        long most = asked > 0 ? asked : Integer.MAX_VALUE;
        if (states.bytes(most, chunk) <= options.memoryBytes()) {
            return asked;
        }
        long fits = Math.min(chunk, most);
        for (long over = most; over - fits > 1;) {
            long middle = (fits + over) / 2;
            if (states.bytes(middle, chunk) <= options.memoryBytes()) {
                fits = middle;
            } else {
                over = middle;
            }
        }
        return (int) fits;
    }

    /// Positions a sequence may reach before its generation ends with [Finish#CONTEXT]; 0 for no limit.
    public int context() {
        return context;
    }

    public SchedulerOptions options() {
        return options;
    }

    /// Begins a generation as soon as there is a place.
    ///
    /// @throws ContextExceeded if the prompt is too long
    /// @throws IllegalArgumentException if it holds a token that the model does not have
    /// @throws Overloaded if too many wait already
    /// @throws IllegalStateException if the scheduler is being closed
    public Generation submit(GenerationRequest request) {
        int vocabulary = model.spec().vocabulary();
        for (int id : request.prompt()) {
            if (id < 0 || id >= vocabulary) {
                throw new IllegalArgumentException("token " + id + " of the prompt is outside the vocabulary of " + vocabulary);
            }
        }
        if (context > 0 && request.prompt().length > context) {
            throw new ContextExceeded(request.prompt().length, context);
        }
        Generation generation = new Generation(request, this::wake);
        lock.lock();
        try {
            if (draining || closed) {
                throw new IllegalStateException("this scheduler is being closed and takes no more requests");
            }
            if (request.maxTokens() == 0) {
                generation.end(Finish.LENGTH, Optional.empty());
                return generation;
            }
            if (waiting.size() >= options.queue() && !(waiting.size() + entering == 0 && hasPlaceFor(generation))) {
                tally.rejected++;
                double wait = tally.seconds() * (waiting.size() + 1) / options.parallel();
                throw new Overloaded(running.size() + " generations run and " + waiting.size() + " wait, which is all there may be",
                        (int) Math.clamp(Math.ceil(wait), 1, LONGEST_RETRY));
            }
            waiting.add(request.client(), generation);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return generation;
    }

    /// Runs `task` with the model between two steps, when no pass is under way. It must close the sequences it opens.
    public <T> CompletableFuture<T> between(Function<LanguageModel, T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("this scheduler is closed");
            }
            tasks.add(() -> {
                try {
                    result.complete(task.apply(model));
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                }
            });
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return result;
    }

    public SchedulerCounters counters() {
        lock.lock();
        try {
            return tally.counters(options.parallel(), running.size(), waiting.size(), options.memoryBytes(), reserved, stateBytes,
                    cacheCounters);
        } finally {
            lock.unlock();
        }
    }

    /// Takes no more requests and lets those that run or wait finish; returns whether they did within `limit`.
    public boolean drain(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        lock.lock();
        try {
            draining = true;
            while (!running.isEmpty() || waiting.size() + entering > 0) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Cancels what runs or waits and ends the scheduler's thread; [#drain] before it lets them finish.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            for (Optional<Step> step = next(); step.isPresent(); step = next()) {
                execute(step.get());
            }
        } finally {
            lock.lock();
            try {
                closed = true;
                waiting.takeIf(_ -> true).forEach(generation -> end(generation, Finish.CANCELLED, Optional.empty()));
                List.copyOf(running).forEach(one -> leave(one, Finish.CANCELLED, Optional.empty()));
                tasks.forEach(Runnable::run);
                tasks.clear();
                cache.ifPresent(PrefixCache::close);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /// Waits for something to do; empty once the scheduler is closed.
    private Optional<Step> next() {
        lock.lock();
        try {
            while (true) {
                if (closed) {
                    return Optional.empty();
                }
                if (!tasks.isEmpty()) {
                    Runnable task = tasks.poll();
                    lock.unlock();
                    try {
                        task.run();
                    } finally {
                        lock.lock();
                    }
                    continue;
                }
                sweep();
                admit();
                tire();
                Step step = Step.choose(running, options.prefillChunk(), answersTime <= 0);
                if (!step.isEmpty()) {
                    return Optional.of(step);
                }
                if (running.isEmpty() && waiting.size() == 0) {
                    changed.awaitUninterruptibly();
                } else {
                    changed.awaitNanos(LOOK_AROUND);
                }
            }
        } catch (InterruptedException e) {
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /// Ends what was cancelled or took too long.
    private void sweep() {
        long now = System.nanoTime();
        for (Generation generation : waiting.takeIf(one -> one.isCancelled() || expired(one, now))) {
            end(generation, generation.isCancelled() ? Finish.CANCELLED : Finish.TIMEOUT, Optional.empty());
        }
        for (Running one : List.copyOf(running)) {
            if (one.generation().isCancelled()) {
                leave(one, Finish.CANCELLED, Optional.empty());
            } else if (expired(one.generation(), now)) {
                leave(one, Finish.TIMEOUT, Optional.empty());
            }
        }
    }

    /// Ends what has waited too long and still has no place.
    private void tire() {
        long now = System.nanoTime();
        waiting.takeIf(one -> now - one.submitted() > options.queueTimeout().toNanos())
                .forEach(generation -> end(generation, Finish.TIMEOUT, Optional.empty()));
    }

    private boolean expired(Generation generation, long now) {
        Duration limit = generation.request().timeout().orElse(options.generationTimeout());
        return now - generation.submitted() > limit.toNanos();
    }

    private void admit() {
        while (running.size() < options.parallel()) {
            Optional<String> client = waiting.turn(this::atWork);
            if (client.isEmpty() || !hasPlaceFor(waiting.peek(client.get()))) {
                return;
            }
            enter(waiting.take(client.get()));
        }
    }

    /// Gives a generation its place. The cache may have to read files, which nobody else shall wait for.
    private void enter(Generation generation) {
        long need = need(generation);
        reserved += need;
        entering++;
        SequenceState sequence;
        lock.unlock();
        try {
            limitCache();
            Optional<SequenceState> known = generation.request().cache()
                    ? cache.flatMap(states -> states.resume(generation.request().prompt())) : Optional.empty();
            sequence = known.orElseGet(model::open);
        } catch (RuntimeException | OutOfMemoryError e) {
            lock.lock();
            entering--;
            reserved -= need;
            end(generation, Finish.FAILED, Optional.of(e));
            return;
        }
        lock.lock();
        entering--;
        int cached = (int) sequence.position();
        running.add(new Running(generation, sequence, need, context, pieces));
        tally.promptTokens += generation.request().prompt().length;
        tally.cachedTokens += cached;
        cache.ifPresent(states -> cacheCounters = states.counters());
        generation.begin(cached);
    }

    /// The cache may have what running generations leave.
    private void limitCache() {
        cache.ifPresent(states -> states.limit(Math.min(options.cacheBytes(), options.memoryBytes() - reserved)));
    }

    private int atWork(String client) {
        int count = 0;
        for (Running one : running) {
            if (one.generation().request().client().equals(client)) {
                count++;
            }
        }
        return count;
    }

    private boolean hasPlaceFor(Generation generation) {
        return running.size() < options.parallel() && reserved + need(generation) <= options.memoryBytes();
    }

    /// Bytes the generation may come to hold.
    private long need(Generation generation) {
        GenerationRequest request = generation.request();
        long most = request.maxTokens() < 0 ? Integer.MAX_VALUE : (long) request.prompt().length + request.maxTokens();
        return model.states().bytes(context > 0 ? Math.min(most, context) : most, options.prefillChunk());
    }

    private void execute(Step step) {
        long start = System.nanoTime();
        int prefill = step.prefillRows();
        float[][] logits;
        try {
            logits = model.lastLogits(step.sequences(), step.pieces(), step.complete());
        } catch (RuntimeException | OutOfMemoryError e) {
            lock.lock();
            try {
                step.members().forEach(one -> leave(one, Finish.FAILED, Optional.of(e)));
            } finally {
                lock.unlock();
            }
            return;
        }
        long computed = System.nanoTime();
        steps++;
        answersTime = prefill > 0 ? (computed - start) / ANSWERS_SHARE : answersTime - (computed - start);
        int decoded = (int) step.members().stream().filter(one -> !one.isPrefilling()).count();
        step.members().stream().filter(Running::isPrefilling).forEach(one -> one.served(steps));
        List<Runnable> ends = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            Running one = step.members().get(i);
            try {
                one.accept(logits[i]).ifPresent(finish -> ends.add(() -> leave(one, finish, Optional.empty())));
            } catch (RuntimeException e) {
                ends.add(() -> leave(one, Finish.FAILED, Optional.of(e)));
            }
        }
        long sampled = System.nanoTime();
        cache.ifPresent(states -> keep(states, step));
        lock.lock();
        try {
            tally.steps++;
            tally.decodeRows += decoded;
            tally.prefillTokens += prefill;
            tally.generatedTokens += logits.length;
            tally.samplingNanos += sampled - computed;
            if (prefill > 0) {
                tally.prefillNanos += computed - start;
            } else {
                tally.decodeNanos += computed - start;
            }
            ends.forEach(Runnable::run);
            cache.ifPresent(states -> cacheCounters = states.counters());
            stateBytes = running.stream().mapToLong(one -> one.sequence().bytes()).sum();
        } finally {
            lock.unlock();
        }
    }

    private void keep(PrefixCache states, Step step) {
        try {
            limitCache();
            step.members().stream().filter(this::isWorthKeeping).forEach(one -> states.keep(one.prompt(), one.sequence()));
        } catch (OutOfMemoryError e) {
            System.getLogger("dev.heddle").log(System.Logger.Level.WARNING, "heddle: the cache is emptied: {0}", e.getMessage());
            states.limit(0);
        }
    }

    /// Whether a sequence has just been fed a piece of its prompt that others may go on from.
    private boolean isWorthKeeping(Running one) {
        return one.generation().request().cache() && one.served() == steps
                && pieces.isWorthKeeping(one.sequence().position(), one.prompt().length);
    }

    private void leave(Running one, Finish finish, Optional<Throwable> failure) {
        running.remove(one);
        reserved -= one.reserved();
        one.sequence().close();
        stateBytes = running.isEmpty() ? 0 : stateBytes;
        end(one.generation(), finish, failure);
    }

    private void end(Generation generation, Finish finish, Optional<Throwable> failure) {
        generation.end(finish, failure);
        tally.end(finish, (System.nanoTime() - generation.submitted()) * 1e-9);
        changed.signalAll();
    }
}
