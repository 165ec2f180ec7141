package dev.heddle.engine.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.StatePool;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.TestFiles;
import dev.heddle.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Who gets a place, and how generations end.
class SchedulerLimitsTest {
    private static final SchedulerOptions OPTIONS = SchedulerOptions.DEFAULT.withParallel(2).withPrefillChunk(64).withCacheBytes(0);

    private static Checkpoint checkpoint;
    private static Checkpoint mamba;
    private static CpuBackend backend;
    private static LanguageModel hybrid;
    private static LanguageModel recurrent;

    @BeforeAll
    static void open() {
        checkpoint = Checkpoint.open(TestFiles.path("testdata/fixtures/falcon_h1"));
        backend = CpuBackend.best();
        hybrid = LanguageModel.load(checkpoint, backend);
        mamba = Checkpoint.open(TestFiles.path("testdata/fixtures/mamba2"));
        recurrent = LanguageModel.load(mamba, backend);
    }

    @AfterAll
    static void close() {
        assertEquals(0, hybrid.states().openSequences() + recurrent.states().openSequences());
        recurrent.close();
        hybrid.close();
        backend.close();
        mamba.close();
        checkpoint.close();
    }

    private static GenerationRequest request(int prompt, int tokens) {
        return GenerationRequest.of(SchedulerTest.prompt(hybrid, prompt, prompt)).withMaxTokens(tokens);
    }

    /// Keeps the scheduler's thread from stepping until the latch opens.
    private static CountDownLatch hold(Scheduler scheduler) throws InterruptedException {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        scheduler.between(_ -> {
            held.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return true;
        });
        held.await();
        return release;
    }

    @Test
    void aHybridEndsAtItsContextAndARecurrentModelHasNone() throws Exception {
        try (Scheduler scheduler = new Scheduler(hybrid, OPTIONS.withContext(100))) {
            Generation generation = scheduler.submit(request(90, -1));
            assertEquals(11, generation.rest().length);
            assertEquals(Optional.of(Finish.CONTEXT), generation.finish());
            ContextExceeded error = assertThrows(ContextExceeded.class, () -> scheduler.submit(request(101, 1)));
            assertEquals("the prompt of 101 tokens exceeds the context of 100 tokens", error.getMessage());
        }
        try (Scheduler scheduler = new Scheduler(hybrid, OPTIONS)) {
            assertEquals(hybrid.spec().context(), scheduler.context());
        }
        try (Scheduler scheduler = new Scheduler(recurrent, OPTIONS.withMemoryBytes(recurrent.states().recurrentBytes()));
                Generation generation = scheduler.submit(request(10, -1))) {
            assertEquals(0, scheduler.context());
            for (int i = 0; i < 3000; i++) {
                assertTrue(generation.next().isPresent());
            }
            assertEquals(recurrent.states().recurrentBytes(), scheduler.counters().stateBytes());
        }
    }

    @Test
    void aReaderThatFallsBehindHoldsUpItsOwnGenerationOnly() throws Exception {
        try (Scheduler scheduler = new Scheduler(recurrent, OPTIONS); Generation slow = scheduler.submit(request(10, -1))) {
            while (slow.usage().generated() < Generation.BUFFER) {
                Thread.sleep(1);
            }
            assertEquals(5, scheduler.submit(request(9, 5)).rest().length);
            assertEquals(Generation.BUFFER, slow.usage().generated());
            assertTrue(slow.next().isPresent());
            while (slow.usage().generated() <= Generation.BUFFER) {
                Thread.sleep(1);
            }
        }
    }

    @Test
    void memoryDecidesHowManyRun() throws Exception {
        long two = 2 * hybrid.states().bytes(64, 64);
        try (LanguageModel model = LanguageModel.load(checkpoint, backend); Scheduler scheduler = new Scheduler(model, OPTIONS.withParallel(8).withQueue(3).withMemoryBytes(two).withContext(64))) {
            CountDownLatch release = hold(scheduler);
            List<Generation> generations = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                generations.add(scheduler.submit(request(10 + i, 20)));
            }
            Overloaded overloaded = assertThrows(Overloaded.class, () -> scheduler.submit(request(10, 20)));
            assertTrue(overloaded.retryAfterSeconds() >= 1);
            release.countDown();
            generations.getFirst().next();
            SchedulerCounters counters = scheduler.counters();
            assertEquals(two, counters.memoryLimit());
            assertTrue(counters.running() <= 2 && counters.reservedBytes() <= two, counters::toString);
            for (Generation generation : generations) {
                assertEquals(20 - (generation == generations.getFirst() ? 1 : 0), generation.rest().length);
            }
            assertEquals(1, scheduler.counters().rejected());
            StatePool states = model.states();
            assertTrue(states.allocatedBytes() - states.recurrentBytes() * 8 <= two, states.allocatedBytes() + " bytes for " + two);
        }
        assertThrows(IllegalArgumentException.class, () -> new Scheduler(hybrid, OPTIONS.withMemoryBytes(1000)));
    }

    @Test
    void clientsTakeTurns() throws Exception {
        List<String> order = new ArrayList<>();
        try (Scheduler scheduler = new Scheduler(hybrid, OPTIONS.withParallel(1))) {
            CountDownLatch release = hold(scheduler);
            List<Generation> all = new ArrayList<>();
            for (String client : List.of("a", "a", "a", "b", "a", "c", "b")) {
                all.add(scheduler.submit(request(5, 2).withClient(client).withConstraint(new Watched(() -> order.add(client)))));
            }
            release.countDown();
            for (Generation generation : all) {
                assertEquals(Finish.LENGTH, generation.await());
            }
        }
        assertEquals(List.of("a", "a", "b", "b", "c", "c", "a", "a", "b", "b", "a", "a", "a", "a"), order);
    }

    @Test
    void aLongPromptDoesNotHoldUpTheOthers() throws Exception {
        int pieces = 30;
        try (Scheduler scheduler = new Scheduler(recurrent, OPTIONS); Generation stream = scheduler.submit(request(10, -1))) {
            stream.next();
            CountDownLatch release = hold(scheduler);
            int before = stream.usage().generated();
            for (int read = 1; read < before; read++) {
                stream.next();
            }
            List<Integer> meanwhile = new ArrayList<>();
            Generation longPrompt = scheduler.submit(request(64 * pieces, 1).withConstraint(
                    new Watched(() -> meanwhile.add(stream.usage().generated() - before))));
            release.countDown();
            assertEquals(Finish.LENGTH, longPrompt.await());
            assertTrue(meanwhile.getFirst() >= pieces - 1, meanwhile + " tokens came meanwhile");
        }
    }

    @Test
    void cancelledAndLateGenerationsGiveEverythingBack() throws Exception {
        try (Scheduler scheduler = new Scheduler(recurrent, OPTIONS.withParallel(1).withTimeouts(Duration.ofMillis(80), Duration.ofMinutes(1)))) {
            Generation running = scheduler.submit(request(10, -1));
            running.next();
            assertEquals(Finish.TIMEOUT, scheduler.submit(request(10, 5)).await(), "no place came free");
            running.cancel();
            assertEquals(Finish.CANCELLED, running.await());
            assertEquals(Finish.TIMEOUT, scheduler.submit(request(10, -1).withTimeout(Duration.ofMillis(100))).await(), "it never ends");
            SchedulerCounters counters = scheduler.counters();
            assertEquals(0, counters.running() + counters.waiting() + counters.reservedBytes() + counters.stateBytes(), counters::toString);
            assertEquals(2, counters.timedOut());
            assertEquals(1, counters.cancelled());
        }
    }

    @Test
    void closingFinishesWhatRunsIfItIsDrainedFirst() throws Exception {
        Generation finished;
        Generation cancelled;
        try (Scheduler scheduler = new Scheduler(hybrid, OPTIONS)) {
            finished = scheduler.submit(request(20, 30));
            assertTrue(scheduler.drain(Duration.ofSeconds(30)));
            assertThrows(IllegalStateException.class, () -> scheduler.submit(request(5, 5)));
        }
        assertEquals(Optional.of(Finish.LENGTH), finished.finish());
        try (Scheduler scheduler = new Scheduler(recurrent, OPTIONS)) {
            cancelled = scheduler.submit(request(20, -1));
            cancelled.next();
            assertTrue(!scheduler.drain(Duration.ofMillis(20)));
        }
        assertEquals(Optional.of(Finish.CANCELLED), cancelled.finish());
    }

    @Test
    void biasConstraintAndLogprobs() throws Exception {
        try (Scheduler scheduler = new Scheduler(hybrid, OPTIONS)) {
            int[] free = scheduler.submit(request(20, 6)).rest();
            Generation forced = scheduler.submit(request(20, 6).withLogitBias(Map.of(free[0], Float.NEGATIVE_INFINITY, 17, 1000f)));
            assertArrayEquals(new int[] {17, 17, 17, 17, 17, 17}, forced.rest());
            assertArrayEquals(new int[] {17}, scheduler.submit(request(20, 6).withLogitBias(Map.of(17, 1000f)).withStopIds(Set.of(17))).rest());
            Generation counted = scheduler.submit(request(20, 6).withLogprobs(4));
            for (int id : free) {
                GeneratedToken token = counted.next().orElseThrow();
                assertEquals(id, token.id());
                assertEquals(4, token.alternatives().size());
                assertEquals(new TokenLogprob(id, token.logprob().orElseThrow()), token.alternatives().getFirst());
                assertTrue(token.alternatives().stream().mapToDouble(other -> Math.exp(other.logprob())).sum() <= 1);
                assertTrue(token.alternatives().get(0).logprob() >= token.alternatives().get(1).logprob());
            }
            Generation impossible = scheduler.submit(request(20, 6).withConstraint(new Allowed(Set.of(), 9)));
            assertEquals(Finish.FAILED, impossible.await());
            assertTrue(impossible.failure().orElseThrow().getMessage().contains("no token may come next"));
            Generation odd = scheduler.submit(request(20, 60).withConstraint(new Allowed(Set.of(3, 5, 7), 4))
                    .withSampling(new SamplingOptions(1, 0, 1, 0, 1, 0, 0, 0), 3));
            int[] ids = odd.rest();
            assertEquals(Optional.of(Finish.STOP), odd.finish());
            assertEquals(4, ids.length);
            assertTrue(IntStream.of(ids).allMatch(id -> Set.of(3, 5, 7).contains(id)));
        }
    }

    /// Any token; tells when one comes.
    private record Watched(Runnable event) implements TokenConstraint {
        @Override
        public void mask(float[] logits) {
            // all are welcome
        }

        @Override
        public void accept(int id) {
            event.run();
        }

        @Override
        public boolean isFinished() {
            return false;
        }
    }

    /// Some tokens, a number of times.
    private static final class Allowed implements TokenConstraint {
        private final Set<Integer> ids;
        private final int length;
        private int accepted;

        Allowed(Set<Integer> ids, int length) {
            this.ids = ids;
            this.length = length;
        }

        @Override
        public void mask(float[] logits) {
            for (int id = 0; id < logits.length; id++) {
                if (!ids.contains(id)) {
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
            }
        }

        @Override
        public void accept(int id) {
            accepted++;
        }

        @Override
        public boolean isFinished() {
            return accepted == length;
        }
    }

    @Test
    void impossibleRequestsAreRefused() {
        try (Scheduler scheduler = new Scheduler(hybrid, OPTIONS)) {
            assertThrows(IllegalArgumentException.class, () -> GenerationRequest.of(new int[0]));
            assertThrows(IllegalArgumentException.class, () -> scheduler.submit(GenerationRequest.of(new int[] {1, -1})));
            assertThrows(IllegalArgumentException.class,
                    () -> scheduler.submit(GenerationRequest.of(new int[] {hybrid.spec().vocabulary()})));
            assertEquals(Optional.of(Finish.LENGTH), scheduler.submit(request(5, 0)).finish());
        }
    }
}
