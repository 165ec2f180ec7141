package dev.heddle.engine.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.TestFiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Generations side by side: the same bits as alone, and nothing left behind.
class SchedulerTest {
    private static final SchedulerOptions OPTIONS = SchedulerOptions.DEFAULT.withParallel(33).withPrefillChunk(64)
            .withContext(512);

    static int[] prompt(LanguageModel model, int length, long seed) {
        return new SplittableRandom(seed).ints(length, 3, model.spec().vocabulary()).toArray();
    }

    private static void withModel(String folder, Consumer<LanguageModel> test) {
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.path(folder)); CpuBackend backend = CpuBackend.best();
                LanguageModel model = LanguageModel.load(checkpoint, backend)) {
            test.accept(model);
            assertEquals(0, model.states().openSequences());
        }
    }

    private static int[] finish(Generation generation) {
        try {
            int[] ids = generation.rest();
            assertEquals(Finish.LENGTH, generation.finish().orElseThrow(), () -> generation.failure().toString());
            return ids;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"testdata/fixtures/falcon_h1", "testdata/fixtures/hymba"})
    void warmingUpChangesNoAnswerAndLeavesNothing(String folder) {
        withModel(folder, model -> {
            GenerationRequest request = GenerationRequest.of(prompt(model, 20, 1)).withMaxTokens(8);
            int[] alone;
            try (Scheduler scheduler = new Scheduler(model, OPTIONS)) {
                alone = finish(scheduler.submit(request));
            }
            WarmUp warmUp;
            try (Scheduler scheduler = new Scheduler(model, OPTIONS.withParallel(2))) {
                warmUp = WarmUp.start(scheduler, Duration.ofMinutes(1));
                pieces(warmUp, 3);
                assertArrayEquals(alone, finish(scheduler.submit(request)));
                assertEquals(20, scheduler.counters().promptTokens());
                pieces(warmUp, warmUp.pieces() + 2); // idle again, it goes on
            }
            try {
                assertTrue(warmUp.join(Duration.ofSeconds(10)), "it ends with the scheduler");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void pieces(WarmUp warmUp, int least) {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (warmUp.pieces() < least) {
            assertTrue(System.nanoTime() < end, "no piece of the warm-up comes");
            LockSupport.parkNanos(1_000_000);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"models/story-falcon-h1", "testdata/fixtures/falcon_h1", "testdata/fixtures/rwkv7", "testdata/fixtures/jamba",
        "testdata/fixtures/hymba", "testdata/fixtures/mamba2"})
    void anAnswerIsTheSameAloneAndAmongOthers(String folder) {
        withModel(folder, model -> {
            List<GenerationRequest> requests = new ArrayList<>();
            for (int i = 0; i < 33; i++) {
                requests.add(GenerationRequest.of(prompt(model, i == 4 ? 150 : 1 + i * 7 % 40, i)).withMaxTokens(2 + i % 5));
            }
            List<int[]> together = new ArrayList<>();
            try (Scheduler scheduler = new Scheduler(model, OPTIONS)) {
                List<Generation> generations = requests.stream().map(scheduler::submit).toList();
                generations.forEach(generation -> together.add(finish(generation)));
                SchedulerCounters counters = scheduler.counters();
                assertEquals(33, counters.finished());
                assertEquals(0, counters.running());
                assertEquals(0, counters.reservedBytes());
                assertTrue(counters.decodeRows() > counters.steps(), counters::toString);
            }
            for (int i = 0; i < 33; i += 4) {
                try (Scheduler scheduler = new Scheduler(model, OPTIONS.withParallel(1))) {
                    assertArrayEquals(finish(scheduler.submit(requests.get(i))), together.get(i), "request " + i);
                }
            }
        });
    }
}
