package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.parallel.Processors;
import dev.heddle.core.state.RecurrentType;
import dev.heddle.core.state.StateTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What rounded recurrent states do to predictions: the bundled model on its validation text, and small models with random
/// weights on random tokens, decoded token by token, so that the state is rounded at every position.
///
/// With `heddle.long` texts have 4,000 tokens, and table and curves go to `docs/figures`.
class StateDriftTest {
    private static final int LONG = 4000;
    /// Tokens that a prefill feeds at a time.
    private static final int PASS = 500;

    private static final Map<String, String> MODELS = new LinkedHashMap<>();

    static {
        MODELS.put("Falcon-H1 (bundled, trained)", "models/story-falcon-h1");
        MODELS.put("Mamba", "testdata/fixtures/mamba");
        MODELS.put("Mamba-2", "testdata/fixtures/mamba2");
        MODELS.put("RWKV-6", "testdata/fixtures/rwkv6");
        MODELS.put("RWKV-7", "testdata/fixtures/rwkv7");
        MODELS.put("Qwen3-Next", "testdata/fixtures/qwen3_next");
        MODELS.put("RetNet", "testdata/fixtures/retnet");
    }

    private static StateDrift drift(String folder, RecurrentType type, int tokens, int piece) throws IOException {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, Processors.physical());
                Checkpoint checkpoint = Checkpoint.open(TestFiles.path(folder)); LanguageModel exact = LanguageModel.load(checkpoint, backend);
                LanguageModel rounded = LanguageModel.load(checkpoint, backend, StateTypes.EXACT.withRecurrent(type))) {
            return StateDrift.measure(exact, rounded, ids(folder, exact, tokens), piece);
        }
    }

    private static int[] ids(String folder, LanguageModel model, int tokens) throws IOException {
        Path text = TestFiles.path(folder).resolve("validation.txt");
        if (!Files.exists(text)) {
            return new SplittableRandom(7).ints(tokens, 0, model.spec().vocabulary()).toArray();
        }
        try (Tokenizer tokenizer = Tokenizers.load(TestFiles.path(folder))) {
            return Arrays.copyOf(tokenizer.encode(Files.readString(text).substring(0, 8 * tokens), true), tokens);
        }
    }

    /// 2⁻⁸ relative error for bf16 and 1/127 of a group's largest for int8, at each of the tokens that a state remembers, are
    /// small changes of a prediction.
    @ParameterizedTest
    @EnumSource(value = RecurrentType.class, names = {"BF16", "INT8"})
    void bundledModelPredictsTheSame(RecurrentType type) throws IOException {
        StateDrift drift = drift("models/story-falcon-h1", type, 150, 1);
        double bound = type == RecurrentType.BF16 ? 1e-3 : 3e-2;
        assertTrue(drift.mean() > 0 && drift.mean() < bound, type + ": " + drift.mean() + " nats");
    }

    /// Every kind of large state is rounded somewhere and nothing runs away.
    @ParameterizedTest
    @EnumSource(value = RecurrentType.class, names = {"BF16", "INT8"})
    void randomModelsPredictAlmostTheSame(RecurrentType type) throws IOException {
        for (String folder : MODELS.values()) {
            if (folder.startsWith("testdata")) {
                StateDrift drift = drift(folder, type, 300, 1);
                assertTrue(drift.mean() > 0 && drift.mean() < (type == RecurrentType.BF16 ? 2e-3 : 5e-2), folder + ", " + type + ": " + drift.mean());
            }
        }
    }

    @Test
    void alongThousandsOfTokens() throws IOException {
        if (!Boolean.getBoolean("heddle.long")) {
            return;
        }
        Map<String, Map<RecurrentType, StateDrift>> curves = new LinkedHashMap<>();
        for (Map.Entry<String, String> model : MODELS.entrySet()) {
            for (RecurrentType type : new RecurrentType[] {RecurrentType.BF16, RecurrentType.INT8}) {
                StateDrift decoded = drift(model.getValue(), type, LONG, 1);
                StateDrift prefilled = drift(model.getValue(), type, LONG, PASS);
                System.out.printf("%-30s %-5s decode: KL %.2e, last quarter %.2e, largest difference %.3f   prefill: KL %.2e%n",
                        model.getKey(), type, decoded.mean(), decoded.end(), decoded.largestDifference(), prefilled.mean());
                assertTrue(decoded.end() < 4 * decoded.mean(), model.getKey() + " drifts away: " + decoded.end() + " at the end, " + decoded.mean() + " on average");
                curves.computeIfAbsent(model.getKey(), _ -> new LinkedHashMap<>()).put(type, decoded);
            }
        }
        StateDriftFigure.write(TestFiles.path("docs").resolve("figures"), curves);
    }
}
