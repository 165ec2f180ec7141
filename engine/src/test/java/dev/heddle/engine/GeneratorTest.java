package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.sampling.SamplingOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// How generations end, on the bundled model.
class GeneratorTest {
    private static final String PROMPT = "Once upon a time there was a little";
    private static final SamplingOptions ANYTHING = new SamplingOptions(50, 0, 1, 0, 1, 0, 0, 0);

    private static Checkpoint checkpoint;
    private static Tokenizer tokenizer;
    private static CpuBackend backend;
    private static LanguageModel model;

    private final List<String> pieces = new ArrayList<>();

    @BeforeAll
    static void open() {
        checkpoint = Checkpoint.open(TestFiles.bundledModel());
        tokenizer = Tokenizers.load(TestFiles.bundledModel());
        backend = CpuBackend.best();
        model = LanguageModel.load(checkpoint, backend);
    }

    @AfterAll
    static void close() {
        model.close();
        backend.close();
        tokenizer.close();
        checkpoint.close();
    }

    private Generator.Result generate(SequenceState sequence, int[] prompt, GenerationOptions options) {
        return new Generator(model, tokenizer).generate(sequence, prompt, options, pieces::add, () -> false);
    }

    private Generator.Result generate(GenerationOptions options) {
        try (SequenceState sequence = model.open()) {
            return generate(sequence, tokenizer.encode(PROMPT, true), options);
        }
    }

    private static GenerationOptions greedy(int tokens, int grace, int context, String... stop) {
        return new GenerationOptions(SamplingOptions.GREEDY, 0, tokens, grace, context, List.of(stop), false);
    }

    @Test
    void length() {
        Generator.Result result = generate(greedy(5, 0, 0));
        assertEquals(Generator.End.LENGTH, result.end());
        assertEquals(5, result.ids().length);
        assertEquals(Generator.End.LENGTH, generate(greedy(0, 0, 0)).end());
    }

    @Test
    void graceReachesTheEndOfASentence() {
        Generator.Result result = generate(new GenerationOptions(new SamplingOptions(0.65, 40, 0.9, 0, 1.12, 0, 0, -1), 1, 5, 400, 0,
                List.of(), false));
        assertEquals(Generator.End.LENGTH, result.end());
        String text = String.join("", pieces);
        assertTrue(result.ids().length > 5 && text.strip().matches("(?s).*[.!?][\"']*"), text);
    }

    @Test
    void context() {
        Generator.Result result = generate(greedy(-1, 0, 14));
        assertEquals(Generator.End.CONTEXT_FULL, result.end());
        assertEquals(14 + 1, result.prompt() + result.ids().length, "the last token needs no place of its own");
    }

    @Test
    void stopTextsAreNotPartOfTheText() {
        Generator.Result result = generate(greedy(-1, 0, 200, "zebra", "been a"));
        assertEquals(Generator.End.STOP_TEXT, result.end());
        assertEquals(" girl who had ", String.join("", pieces));
    }

    @Test
    void aStopTextThatNeverComesHoldsNothingBack() {
        generate(greedy(8, 0, 0, "girl!", "a little girl, zebra"));
        assertEquals(" girl who had been a little girl,", String.join("", pieces));
    }

    @Test
    void cancelledGenerationsGoOnAsIfNothingHadHappened() {
        int[] prompt = tokenizer.encode(PROMPT, true);
        int[] whole = generate(greedy(12, 0, 0)).ids();
        try (SequenceState sequence = model.open()) {
            AtomicInteger asked = new AtomicInteger();
            Generator.Result first = new Generator(model, tokenizer).generate(sequence, prompt, greedy(12, 0, 0), _ -> { },
                    () -> asked.incrementAndGet() > 5);
            assertEquals(Generator.End.CANCELLED, first.end());
            assertFalse(first.ids().length == 0 || first.ids().length == 12, "cancelled on the way");
            int[] last = {first.ids()[first.ids().length - 1]};
            Generator.Result second = generate(sequence, last, greedy(12 - first.ids().length, 0, 0));
            int[] both = java.util.stream.IntStream.concat(java.util.Arrays.stream(first.ids()),
                    java.util.Arrays.stream(second.ids())).toArray();
            assertArrayEquals(whole, both);
        }
        try (SequenceState sequence = model.open()) {
            assertEquals(0, new Generator(model, tokenizer).generate(sequence, prompt, greedy(5, 0, 0), _ -> { }, () -> true).ids().length);
        }
    }

    /// At a very high temperature tokens are drawn at random, bytes of broken characters among them.
    @Test
    void textIsTheSameAsDecodingAllTokensAtOnce() {
        for (int seed = 0; seed < 5; seed++) {
            pieces.clear();
            Generator.Result result = generate(new GenerationOptions(ANYTHING, seed, 40, 0, List.of(), true));
            assertEquals(40, result.ids().length);
            String text = String.join("", pieces);
            int[] prompt = tokenizer.encode(PROMPT, true);
            int[] all = java.util.stream.IntStream.concat(java.util.Arrays.stream(prompt), java.util.Arrays.stream(result.ids())).toArray();
            assertEquals(tokenizer.decode(all, true), PROMPT + text);
            for (String piece : pieces) {
                assertTrue(piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1)), "half a character");
            }
        }
    }

    @Test
    void impossibleOptionsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> greedy(-2, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> greedy(1, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> greedy(1, 0, -1));
        assertThrows(IllegalArgumentException.class, () -> greedy(1, 0, 0, ""));
        try (SequenceState sequence = model.open()) {
            assertThrows(IllegalArgumentException.class, () -> generate(sequence, new int[0], greedy(1, 0, 0)));
            assertThrows(IllegalArgumentException.class, () -> generate(sequence, new int[9], greedy(1, 0, 8)));
        }
    }
}
