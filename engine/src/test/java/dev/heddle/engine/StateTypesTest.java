package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.RecurrentType;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.cache.ModelFingerprint;
import dev.heddle.engine.measure.Perplexity;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The bundled model with keys, values and states in other types than f32.
class StateTypesTest {
    private static final int CHUNK = 64;
    private static final int[] PROMPT = new SplittableRandom(5).ints(3 * CHUNK + 9, 0, 4096).toArray();

    private static CpuBackend one;
    private static CpuBackend two;
    private static Checkpoint checkpoint;

    @BeforeAll
    static void open() {
        one = CpuBackend.of(CpuBackend.Choice.BEST, 1);
        two = CpuBackend.of(CpuBackend.Choice.BEST, 2);
        checkpoint = Checkpoint.open(TestFiles.bundledModel());
    }

    @AfterAll
    static void close() {
        checkpoint.close();
        one.close();
        two.close();
    }

    static Stream<StateTypes> types() {
        return Stream.of(StateTypes.keyValues(DType.Q8_0), StateTypes.keyValues(DType.F16),
                new StateTypes(DType.Q8_0, DType.BF16, RecurrentType.BF16), new StateTypes(DType.F32, DType.Q8_0, RecurrentType.INT8));
    }

    private static float[] feed(LanguageModel model, SequenceState sequence, int from, int to) {
        return model.lastLogits(List.of(sequence), List.of(Arrays.copyOfRange(PROMPT, from, to)))[0];
    }

    /// Alone, in a batch, with two threads, and after a snapshot or a fork.
    @ParameterizedTest
    @MethodSource("types")
    void bits(StateTypes types) {
        try (LanguageModel alone = LanguageModel.load(checkpoint, one, types); LanguageModel both = LanguageModel.load(checkpoint, two, types);
                SequenceState a = alone.open(); SequenceState b = both.open(); SequenceState other = both.open()) {
            int half = 2 * CHUNK;
            feed(alone, a, 0, half);
            int[] rest = Arrays.copyOfRange(PROMPT, half, PROMPT.length);
            both.lastLogits(List.of(other, b), List.of(Arrays.copyOf(PROMPT, 70), Arrays.copyOf(PROMPT, half)));
            float[] expected = alone.lastLogits(List.of(a), List.of(rest))[0];
            try (SequenceState forked = b.fork(); SequenceState restored = both.states().restore(both.states().snapshot(b))) {
                float[][] logits = both.lastLogits(List.of(restored, other, forked, b), List.of(rest, new int[] {7}, rest, rest));
                assertArrayEquals(expected, logits[0], "after a snapshot");
                assertArrayEquals(expected, logits[2], "after a fork");
                assertArrayEquals(expected, logits[3], "in a batch");
                float[] next = alone.lastLogits(List.of(a), List.of(new int[] {11}))[0];
                float[][] decoded = both.lastLogits(List.of(other, restored, b), List.of(new int[] {8}, new int[] {11}, new int[] {11}));
                assertArrayEquals(next, decoded[1], "decoding after a snapshot");
                assertArrayEquals(next, decoded[2], "decoding in a batch");
            }
        }
    }

    /// Keys and values are rounded once, where they are stored, so a prompt may be cut anywhere between chunks.
    @Test
    void theCutOfAPromptDoesNotMatter() {
        try (LanguageModel model = LanguageModel.load(checkpoint, two, StateTypes.keyValues(DType.Q8_0)); SequenceState whole = model.open();
                SequenceState cut = model.open()) {
            float[] expected = feed(model, whole, 0, PROMPT.length);
            feed(model, cut, 0, CHUNK);
            feed(model, cut, CHUNK, 3 * CHUNK);
            assertArrayEquals(expected, feed(model, cut, 3 * CHUNK, PROMPT.length));
        }
    }

    @Test
    void memoryFollowsTheTypes() {
        long exact = bytes(StateTypes.EXACT);
        // 10 layers: 10·(8·64·64 + 3·640)·4 bytes of state, pages of 64 rows with 2·2·64 numbers
        long convolutions = 10 * 3 * (512 + 2 * 64) * 4;
        long states = 10 * 8 * 64 * 64;
        long numbers = 10L * Math.ceilDiv(PROMPT.length, 64) * 64 * 2 * 2 * 64;
        assertEquals(convolutions + 4 * states + 4 * numbers, exact);
        assertEquals(convolutions + 2 * states + 2 * numbers, bytes(StateTypes.keyValues(DType.F16).withRecurrent(RecurrentType.BF16)));
        assertEquals(convolutions + states + states / 8 + numbers * 34 / 32, bytes(StateTypes.keyValues(DType.Q8_0).withRecurrent(RecurrentType.INT8)));
    }

    private static long bytes(StateTypes types) {
        try (LanguageModel model = LanguageModel.load(checkpoint, two, types); SequenceState sequence = model.open()) {
            model.feed(List.of(sequence), List.of(PROMPT));
            return sequence.bytes();
        }
    }

    @Test
    void aSnapshotOfOtherTypesIsRefused() {
        try (LanguageModel exact = LanguageModel.load(checkpoint, two); LanguageModel rounded = LanguageModel.load(checkpoint, two, StateTypes.keyValues(DType.F16));
                SequenceState sequence = exact.open()) {
            feed(exact, sequence, 0, CHUNK);
            Snapshot snapshot = exact.states().snapshot(sequence);
            String message = assertThrows(IllegalArgumentException.class, () -> rounded.states().restore(snapshot)).getMessage();
            assertEquals("the snapshot is stored as keys f32, values f32, states f32, this model stores keys f16, values f16, states f32", message);
        }
    }

    /// Files of kept states are told apart by it.
    @Test
    void everyCombinationHasAFingerprintOfItsOwn() {
        Set<String> fingerprints = new HashSet<>();
        List<StateTypes> all = Stream.concat(types(), Stream.of(StateTypes.EXACT, StateTypes.EXACT.withRecurrent(RecurrentType.BF16),
                StateTypes.EXACT.withRecurrent(RecurrentType.INT8))).toList();
        for (StateTypes types : all) {
            try (LanguageModel model = LanguageModel.load(checkpoint, two, types)) {
                fingerprints.add(HexFormat.of().formatHex(ModelFingerprint.of(model, "")));
            }
        }
        assertEquals(all.size(), fingerprints.size());
    }

    @Test
    void headsThatAreNoWholeBlocksAreRefused() {
        try (Checkpoint llama = Checkpoint.open(TestFiles.path("testdata/fixtures/llama"))) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> LanguageModel.load(llama, two, StateTypes.keyValues(DType.Q8_0))).getMessage();
            assertTrue(message.startsWith("the keys of blocks.0.") && message.endsWith("q8_0 needs multiples of 32 (f16 and bf16 take any)"), message);
        }
    }

    /// A key or value in q8_0 is off by at most 1/254 of its block's largest: less than one in a thousand of perplexity.
    @Test
    void perplexityWithSmallKeysAndValues() throws IOException {
        int[] ids;
        try (Tokenizer tokenizer = Tokenizers.load(TestFiles.bundledModel())) {
            ids = tokenizer.encode(Files.readString(TestFiles.bundledModel().resolve("validation.txt")).substring(0, 12_000), true);
        }
        Perplexity perplexity = new Perplexity(512);
        int[] windows = Arrays.copyOf(ids, perplexity.windows(ids.length) * 512);
        try (LanguageModel exact = LanguageModel.load(checkpoint, two);
                LanguageModel small = LanguageModel.load(checkpoint, two, StateTypes.keyValues(DType.Q8_0))) {
            Perplexity.Result result = perplexity.measure(small, Optional.of(exact), windows, Optional.empty(), (_, _, _) -> {
            });
            assertTrue(result.divergence() > 0 && result.divergence() < 2e-4, "KL divergence " + result.divergence());
            assertEquals(result.baseMean(), result.mean(), 1e-3, "nats per token");
        }
    }
}
