package dev.heddle.engine.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.TestFiles;
import dev.heddle.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// 64 readers of mixed answers, some of whom go away: every finished answer is the one computed alone, and in the end
/// nothing is left. With `-Dheddle.long=true` for five minutes, other readers each time.
class SchedulerLoadTest {
    private static final int READERS = 64;
    private static final SchedulerOptions OPTIONS = SchedulerOptions.DEFAULT.withParallel(12).withQueue(20).withPrefillChunk(64)
            .withContext(1024).withCacheBytes(2 << 20);

    private static final Duration LONG = Duration.ofMinutes(5);

    private static GenerationRequest request(LanguageModel model, int round, int number) {
        Random random = new Random(round * READERS + number);
        // prompts that have their beginning in common
        int[] common = SchedulerTest.prompt(model, 150, number % 3);
        int[] prompt = Arrays.copyOf(common, 1 + random.nextInt(150));
        SamplingOptions sampling = number % 2 == 0 ? SamplingOptions.GREEDY : new SamplingOptions(1, 20, 0.9, 0, 1.1, 0.1, 0, 32);
        return GenerationRequest.of(prompt).withMaxTokens(1 + random.nextInt(40)).withSampling(sampling, number)
                .withClient("client " + number % 5).withCache(number % 7 != 0);
    }

    @Test
    void finishedAnswersAreThoseComputedAloneAndNothingIsLeft() throws Exception {
        long threads = schedulerThreads();
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.path("testdata/fixtures/jamba")); CpuBackend backend = CpuBackend.best();
                LanguageModel model = LanguageModel.load(checkpoint, backend)) {
            long end = System.nanoTime() + LONG.toNanos();
            int round = 0;
            do {
                load(model, round++);
            } while (Boolean.getBoolean("heddle.long") && System.nanoTime() < end);
        }
        assertEquals(threads, schedulerThreads());
    }

    private static void load(LanguageModel model, int round) throws Exception {
        List<Optional<int[]>> answers = new ArrayList<>();
        AtomicInteger refused = new AtomicInteger();
        try (Scheduler scheduler = new Scheduler(model, OPTIONS); ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Optional<int[]>>> running = new ArrayList<>();
            for (int i = 0; i < READERS; i++) {
                int number = i;
                running.add(readers.submit(() -> read(scheduler, request(model, round, number), number, refused)));
            }
            for (Future<Optional<int[]>> one : running) {
                answers.add(one.get());
            }
            assertTrue(scheduler.drain(Duration.ofSeconds(60)));
            SchedulerCounters counters = scheduler.counters();
            assertEquals(0, counters.running() + counters.waiting(), counters::toString);
            assertEquals(0, counters.reservedBytes() + counters.stateBytes(), counters::toString);
            assertEquals(READERS, counters.finished() + counters.cancelled(), counters::toString);
            assertEquals(refused.get(), counters.rejected());
            assertTrue(counters.cacheHits() > 0, counters::toString);
            assertEquals(0, model.states().openSequences());
        }
        long finished = answers.stream().filter(Optional::isPresent).count();
        assertTrue(finished > READERS / 2 && finished < READERS, finished + " answers were read to their end");
        try (Scheduler alone = new Scheduler(model, OPTIONS.withCacheBytes(0))) {
            for (int i = 0; i < READERS; i++) {
                if (answers.get(i).isPresent()) {
                    assertArrayEquals(alone.submit(request(model, round, i)).rest(), answers.get(i).get(), "answer " + i);
                }
            }
        }
        assertEquals(0, model.states().keptBytes());
    }

    private static long schedulerThreads() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals("heddle-scheduler")).count();
    }

    /// The answer; empty if its reader went away in the middle.
    private static Optional<int[]> read(Scheduler scheduler, GenerationRequest request, int number, AtomicInteger refused)
            throws InterruptedException {
        while (true) {
            try (Generation generation = scheduler.submit(request)) {
                if (number % 4 != 3) {
                    return Optional.of(generation.rest());
                }
                for (int read = 0; read < number % 16; read++) {
                    generation.next();
                }
                generation.cancel();
                generation.await();
                return Optional.empty();
            } catch (Overloaded e) {
                assertTrue(e.retryAfterSeconds() >= 1);
                refused.incrementAndGet();
                Thread.sleep(20);
            }
        }
    }
}
