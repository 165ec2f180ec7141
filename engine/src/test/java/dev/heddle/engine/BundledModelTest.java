package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The model that comes with Heddle, against what it did where it was trained.
class BundledModelTest {
    private static Checkpoint checkpoint;
    private static Tokenizer tokenizer;
    private static CpuBackend backend;
    private static LanguageModel model;
    private static JsonNode golden;

    @BeforeAll
    static void open() throws IOException {
        checkpoint = Checkpoint.open(TestFiles.bundledModel());
        tokenizer = Tokenizers.load(TestFiles.bundledModel());
        backend = CpuBackend.best();
        model = LanguageModel.load(checkpoint, backend);
        golden = new ObjectMapper().readTree(TestFiles.bundledModel().resolve("golden.json").toFile());
    }

    @AfterAll
    static void close() {
        model.close();
        backend.close();
        tokenizer.close();
        checkpoint.close();
    }

    @Test
    void hasTheParametersItWasTrainedWith() {
        assertEquals(golden.get("parameters").asLong(),
                model.model().parameters().values().stream().mapToLong(tensor -> tensor.elements()).sum());
    }

    @Test
    void greedyContinuationsAreTheGoldenOnes() {
        int samples = 0;
        for (Map.Entry<String, JsonNode> sample : golden.get("samples").properties()) {
            int[] prompt = ids(sample.getValue().get("prompt_ids"));
            int[] expected = ids(sample.getValue().get("greedy_ids"));
            assertArrayEquals(prompt, tokenizer.encode(sample.getKey(), true), sample.getKey());
            StringBuilder text = new StringBuilder();
            try (SequenceState sequence = model.open()) {
                Generator.Result result = new Generator(model, tokenizer).generate(sequence, prompt,
                        new GenerationOptions(SamplingOptions.GREEDY, 0, expected.length - prompt.length, 0, List.of(), false),
                        text::append, () -> false);
                int[] actual = Arrays.copyOf(prompt, prompt.length + result.ids().length);
                System.arraycopy(result.ids(), 0, actual, prompt.length, result.ids().length);
                assertArrayEquals(expected, actual, sample.getKey());
            }
            assertEquals(sample.getValue().get("greedy").asText(), sample.getKey() + text);
            samples++;
        }
        assertEquals(golden.get("samples").size(), samples);
    }

    /// Every part of the held-out text is encoded as begin-of-sequence, its ids, end-of-sequence; the parts are
    /// joined and cut into windows of 256 inputs that follow one another without overlap; each window starts from
    /// an empty state. The loss is the mean of −ln p(next token) in nats.
    @Test
    void lossOnHeldOutTextIsThatOfTheTraining() throws IOException {
        int window = 256;
        int[] ids = heldOut();
        assertEquals(golden.get("val_tokens").asInt(), ids.length);
        double sum = 0;
        long count = 0;
        int v = model.spec().vocabulary();
        int windows = (ids.length - 1) / window;
        for (int first = 0; first < windows; first += 4) {
            List<SequenceState> sequences = new ArrayList<>();
            List<int[]> inputs = new ArrayList<>();
            for (int w = first; w < Math.min(windows, first + 4); w++) {
                sequences.add(model.open());
                inputs.add(Arrays.copyOfRange(ids, w * window, (w + 1) * window));
            }
            float[] logits = model.allLogits(sequences, inputs);
            sequences.forEach(SequenceState::close);
            for (int row = 0; row < logits.length / v; row++) {
                sum -= logProbability(logits, row * v, v, ids[first * window + row + 1]);
                count++;
            }
        }
        // the training measured in bf16
        assertEquals(golden.get("val_loss_bf16").asDouble(), sum / count, 0.002);
    }

    private static int[] heldOut() throws IOException {
        List<int[]> parts = new ArrayList<>();
        for (String part : Files.readString(TestFiles.bundledModel().resolve("validation.txt")).split("\n<\\|endoftext\\|>\n", -1)) {
            int[] body = tokenizer.encode(part, false);
            int[] whole = new int[body.length + 2];
            whole[0] = tokenizer.special().bos().orElseThrow();
            System.arraycopy(body, 0, whole, 1, body.length);
            whole[whole.length - 1] = tokenizer.special().eos().iterator().next();
            parts.add(whole);
        }
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private static double logProbability(float[] logits, int from, int v, int target) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < v; i++) {
            max = Math.max(max, logits[from + i]);
        }
        double sum = 0;
        for (int i = 0; i < v; i++) {
            sum += Math.exp(logits[from + i] - max);
        }
        return logits[from + target] - max - Math.log(sum);
    }

    private static int[] ids(JsonNode list) {
        int[] ids = new int[list.size()];
        Arrays.setAll(ids, i -> list.get(i).asInt());
        return ids;
    }
}
