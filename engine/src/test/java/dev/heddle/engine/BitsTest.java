package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.measure.RandomParameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A sequence's logits are the same bits whatever surrounds their computation: alone or in a batch, with one thread
/// or two, in a cold or a hot JVM, interpreted or compiled; at sizes that reach tiles, threads and several chunks.
class BitsTest {
    /// Three chunks of the bundled model (64 positions each) and of Falcon-H1 (128), and one token.
    private static final int BUNDLED_LENGTH = 3 * 64 + 1;
    private static final int FALCON_LENGTH = 3 * 128 + 1;

    @Test
    void bundledModel() {
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.bundledModel())) {
            compare(backend -> LanguageModel.load(checkpoint, backend), BUNDLED_LENGTH);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"BF16", "F16", "F32"})
    void oneLayerOfFalconH1(DType type) {
        Config config = Zoo.config(Zoo.get("falcon-h1-0.5b"));
        ModelSpec whole = Checkpoint.spec(config, Families.of(config), "falcon-h1-0.5b");
        ModelSpec one = new ModelSpec("one-layer", whole.family(), 512, whole.width(), whole.context(), whole.embedding(),
                whole.blocks().subList(0, 1), whole.shared(), whole.finalNorm(), whole.head());
        compare(backend -> new LanguageModel(new Model(one, new RandomParameters(backend, type, 1)), backend), FALCON_LENGTH);
    }

    private static void compare(Function<CpuBackend, LanguageModel> load, int length) {
        try (CpuBackend single = CpuBackend.of(CpuBackend.Choice.BEST, 1); CpuBackend pair = CpuBackend.of(CpuBackend.Choice.BEST, 2);
                LanguageModel one = load.apply(single); LanguageModel two = load.apply(pair)) {
            List<int[]> prompts = IntStream.of(length, 1, 67, length - 30)
                    .mapToObj(n -> BitsProbe.ids(one, n, n)).toList();
            List<float[]> alone = prompts.stream().map(ids -> prefill(one, ids)).toList();
            for (int s = 0; s < prompts.size(); s++) {
                assertArrayEquals(alone.get(s), prefill(two, prompts.get(s)), "two threads, sequence " + s);
            }
            List<SequenceState> sequences = new ArrayList<>();
            prompts.forEach(_ -> sequences.add(two.open()));
            float[] together = two.allLogits(sequences, prompts);
            int at = 0;
            for (int s = 0; s < prompts.size(); s++) {
                float[] mine = Arrays.copyOfRange(together, at, at + alone.get(s).length);
                at += mine.length;
                assertArrayEquals(alone.get(s), mine, "in a batch, sequence " + s);
            }
            decodeTogether(one, two, sequences, prompts);
            sequences.forEach(SequenceState::close);
            assertTrue(pair.workers().pieces(0) > 0 && pair.workers().pieces(1) > 0,
                    "both threads of the pair worked: " + pair.workers().pieces(0) + ", " + pair.workers().pieces(1));
        }
    }

    /// Goes on with all sequences in one batch, and with each alone.
    private static void decodeTogether(LanguageModel one, LanguageModel two, List<SequenceState> sequences, List<int[]> prompts) {
        List<SequenceState> own = prompts.stream().map(ids -> {
            SequenceState sequence = one.open();
            one.feed(List.of(sequence), List.of(ids));
            return sequence;
        }).toList();
        for (int step = 0; step < 3; step++) {
            List<int[]> next = new ArrayList<>();
            for (int s = 0; s < prompts.size(); s++) {
                next.add(new int[] {5 + 11 * s + step});
            }
            float[][] batch = two.lastLogits(sequences, next);
            for (int s = 0; s < prompts.size(); s++) {
                assertArrayEquals(one.lastLogits(List.of(own.get(s)), List.of(next.get(s)))[0], batch[s],
                        "decode step " + step + ", sequence " + s);
            }
        }
        own.forEach(SequenceState::close);
    }

    private static float[] prefill(LanguageModel model, int[] ids) {
        try (SequenceState sequence = model.open()) {
            return model.allLogits(List.of(sequence), List.of(ids));
        }
    }

    static Stream<Path> interpreted() {
        return Stream.of("falcon_h1", "jamba", "mamba2", "llama", "hawk", "rwkv4", "rwkv6", "rwkv7", "retnet", "qwen3_next")
                .map(name -> TestFiles.path("testdata/fixtures/" + name));
    }

    @Test
    void firstCallEqualsCallsAfterWarmUp() throws Exception {
        List<String> digests = run(List.of(), TestFiles.bundledModel(), 70, 5, 12);
        assertEquals(12, digests.size());
        assertEquals(1, digests.stream().distinct().count(), digests::toString);
    }

    /// The tiny models' chunks have 16 positions.
    @ParameterizedTest
    @MethodSource("interpreted")
    void interpretedEqualsCompiled(Path fixture) throws Exception {
        List<String> compiled = run(List.of(), fixture, 49, 3, 200);
        List<String> interpreted = run(List.of("-Xint"), fixture, 49, 3, 1);
        assertEquals(1, compiled.stream().distinct().count(), compiled::toString);
        assertEquals(interpreted.getFirst(), compiled.getLast());
    }

    @Test
    void interpretedEqualsCompiledOnTheBundledModel() throws Exception {
        assertEquals(run(List.of("-Xint"), TestFiles.bundledModel(), 2, 1, 1),
                run(List.of(), TestFiles.bundledModel(), 2, 1, 20).subList(19, 20));
    }

    private static List<String> run(List<String> flags, Path folder, int prefill, int decode, int repetitions)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), BitsProbe.class.getName(), folder.toString(),
                "" + prefill, "" + decode, "" + repetitions));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> "exit code of " + String.join(" ", command));
        return out.lines().toList();
    }
}
