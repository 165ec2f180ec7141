package dev.heddle.engine.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.TestFiles;
import dev.heddle.engine.sampling.SamplingOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Conversations that go on from kept states: the same answers as without, and no more memory than allowed.
class PrefixCacheTest {
    private static final SchedulerOptions OPTIONS = SchedulerOptions.DEFAULT.withParallel(4).withPrefillChunk(64).withContext(2048);

    private static void withModel(String fixture, Consumer<LanguageModel> test) {
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.path("testdata/fixtures/" + fixture));
                CpuBackend backend = CpuBackend.best(); LanguageModel model = LanguageModel.load(checkpoint, backend)) {
            test.accept(model);
            assertEquals(0, model.states().openSequences(), "sequences left open");
            assertEquals(0, model.states().keptBytes(), "bytes still kept");
        }
    }

    private record Answer(int[] ids, int cached) {
    }

    private static Answer answer(Scheduler scheduler, int[] prompt, int tokens) {
        try {
            Generation generation = scheduler.submit(GenerationRequest.of(prompt).withMaxTokens(tokens)
                    .withSampling(new SamplingOptions(1.5, 0, 1, 0, 1.1, 0, 0, -1), 7));
            int[] ids = generation.rest();
            assertEquals(Finish.LENGTH, generation.finish().orElseThrow(), () -> generation.failure().toString());
            return new Answer(ids, generation.usage().cached());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int[] concat(int[]... parts) {
        return Stream.of(parts).flatMapToInt(Arrays::stream).toArray();
    }

    /// Answers of a conversation of three turns, of a repetition, and of one whose second message is another.
    private static List<Answer> conversation(Scheduler scheduler, LanguageModel model) {
        List<Answer> answers = new ArrayList<>();
        int[] first = SchedulerTest.prompt(model, 300, 1);
        answers.add(answer(scheduler, first, 20));
        int[] second = concat(first, answers.getLast().ids(), SchedulerTest.prompt(model, 70, 2));
        answers.add(answer(scheduler, second, 20));
        answers.add(answer(scheduler, concat(second, answers.getLast().ids(), SchedulerTest.prompt(model, 64, 3)), 5));
        answers.add(answer(scheduler, first, 20));
        answers.add(answer(scheduler, concat(Arrays.copyOf(second, 330), SchedulerTest.prompt(model, 80, 4)), 5));
        answers.add(answer(scheduler, concat(Arrays.copyOf(second, 200), SchedulerTest.prompt(model, 9, 5)), 5));
        answers.add(answer(scheduler, Arrays.copyOf(first, 256), 5));
        return answers;
    }

    @ParameterizedTest
    @ValueSource(strings = {"falcon_h1", "rwkv7", "jamba", "hymba", "recurrent_gemma", "sambay", "qwen3_next"})
    void answersAreTheSameWithAndWithoutIt(String fixture, @TempDir Path folder) {
        withModel(fixture, model -> {
            List<Answer> without;
            try (Scheduler scheduler = new Scheduler(model, OPTIONS.withCacheBytes(0))) {
                without = conversation(scheduler, model);
            }
            assertTrue(without.stream().allMatch(answer -> answer.cached() == 0));
            List<Answer> with;
            try (Scheduler scheduler = new Scheduler(model, OPTIONS.withCacheFolder(folder, 1L << 30))) {
                with = conversation(scheduler, model);
                SchedulerCounters counters = scheduler.counters();
                assertEquals(5, counters.cacheHits(), counters::toString);
                assertTrue(counters.cacheBytes() > 0 && counters.cacheBytes() < OPTIONS.cacheBytes(), counters::toString);
            }
            assertEquals(List.of(0, 256, 384, 256, 256, 0, 192), with.stream().map(Answer::cached).toList());
            compare(without, with, "in memory");
            try (Scheduler scheduler = new Scheduler(model, OPTIONS.withCacheFolder(folder, 1L << 30))) {
                List<Answer> later = conversation(scheduler, model);
                assertEquals(List.of(256, 384, 448, 256, 384, 192, 192), later.stream().map(Answer::cached).toList());
                compare(without, later, "after a restart");
            }
        });
    }

    /// With usual options, conversations shorter than a chunk go on from multiples of 64.
    @ParameterizedTest
    @ValueSource(strings = {"falcon_h1", "rwkv7", "qwen3_next"})
    void shortConversations(String fixture) {
        withModel(fixture, model -> {
            List<List<Answer>> both = new ArrayList<>();
            for (long bytes : new long[] {0, 1L << 30}) {
                try (Scheduler scheduler = new Scheduler(model, SchedulerOptions.DEFAULT.withContext(2048).withCacheBytes(bytes))) {
                    List<Answer> answers = new ArrayList<>();
                    int[] prompt = SchedulerTest.prompt(model, 70, 1);
                    for (int turn = 0; turn < 5; turn++) {
                        answers.add(answer(scheduler, prompt, 10));
                        prompt = concat(prompt, answers.getLast().ids(), SchedulerTest.prompt(model, 50 + 60 * turn, turn));
                    }
                    both.add(answers);
                }
            }
            assertEquals(List.of(0, 64, 128, 192, 256), both.get(1).stream().map(Answer::cached).toList());
            compare(both.get(0), both.get(1), "shorter than a chunk");
        });
    }

    private static void compare(List<Answer> expected, List<Answer> actual, String what) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i).ids(), actual.get(i).ids(), what + ", answer " + i);
        }
    }

    @Test
    void damagedFilesArePassedOver(@TempDir Path folder) throws IOException {
        withModel("falcon_h1", model -> {
            try {
                int[] prompt = SchedulerTest.prompt(model, 300, 1);
                int[] expected;
                try (Scheduler scheduler = new Scheduler(model, OPTIONS.withCacheFolder(folder, 1L << 30))) {
                    expected = answer(scheduler, prompt, 8).ids();
                }
                List<Path> files = files(folder);
                assertEquals(1, files.size());
                byte[] whole = Files.readAllBytes(files.getFirst());
                for (int damage : new int[] {3, 20, 50, 60, whole.length / 2, whole.length - 1}) {
                    byte[] damaged = whole.clone();
                    damaged[damage] ^= 0x55;
                    Files.write(files.getFirst(), damaged);
                    assertArrayEquals(expected, restarted(model, folder, prompt, 0), "byte " + damage);
                }
                for (int length : new int[] {0, 10, 40, 2000, whole.length - 1}) {
                    Files.write(files.getFirst(), Arrays.copyOf(whole, length));
                    assertArrayEquals(expected, restarted(model, folder, prompt, 0), length + " bytes");
                }
                Files.write(files.getFirst(), whole);
                assertArrayEquals(expected, restarted(model, folder, prompt, 256));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static int[] restarted(LanguageModel model, Path folder, int[] prompt, int cached) {
        try (Scheduler scheduler = new Scheduler(model, OPTIONS.withCacheFolder(folder, 1L << 30))) {
            Answer answer = answer(scheduler, prompt, 8);
            assertEquals(cached, answer.cached());
            return answer.ids();
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void memoryAndFolderStayWithinTheirLimits(@TempDir Path folder) {
        withModel("falcon_h1", model -> {
            long state = model.states().bytes(256, 64);
            long limit = 5 * state / 2;
            try (Scheduler scheduler = new Scheduler(model, OPTIONS.withCacheBytes(limit).withCacheFolder(folder, 3 * state))) {
                for (int i = 0; i < 8; i++) {
                    answer(scheduler, SchedulerTest.prompt(model, 260, i), 2);
                    SchedulerCounters counters = scheduler.counters();
                    assertTrue(counters.cacheBytes() <= limit, counters::toString);
                    assertTrue(counters.cacheEntries() <= 2, counters::toString);
                }
                // the two most recent ones are there
                assertEquals(256, answer(scheduler, SchedulerTest.prompt(model, 260, 7), 2).cached());
                assertEquals(0, answer(scheduler, SchedulerTest.prompt(model, 260, 0), 2).cached());
            }
            try {
                long bytes = files(folder).stream().mapToLong(file -> file.toFile().length()).sum();
                assertTrue(bytes > 0 && bytes <= 3 * state, bytes + " bytes in the folder");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void aMamba2ConversationKeepsLittleMoreThanItsState() {
        withModel("mamba2", model -> {
            try (Scheduler scheduler = new Scheduler(model, OPTIONS)) {
                IntStream.range(0, 20).forEach(i -> answer(scheduler, SchedulerTest.prompt(model, 70, i), 2));
                SchedulerCounters counters = scheduler.counters();
                assertEquals(20, counters.cacheEntries());
                assertTrue(counters.cacheBytes() <= 1.1 * 20 * model.states().recurrentBytes(), counters::toString);
            }
        });
    }
}
