package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.GgufValue;
import dev.heddle.checkpoint.gguf.export.Export;
import dev.heddle.checkpoint.gguf.export.Exports;
import dev.heddle.checkpoint.gguf.export.GgufConversion;
import dev.heddle.checkpoint.gguf.export.GgufConversions;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.measure.RandomParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that Heddle writes, in llama.cpp: it loads them and computes the same logits. And quantized files, in both: what Heddle
/// quantizes or computes is no further from the f32 model than what llama.cpp does; each program's f32 logits are those that its
/// quantized ones are compared with.
///
/// Runs where LLAMA_CPP names the folder in which llama.cpp was built (within its sources, with `llama-quantize`).
class LlamaCppTest {
    private static final Path FIXTURES = Path.of(System.getProperty("heddle.repository"), "testdata/fixtures");
    private static final Optional<Path> LLAMA = Optional.ofNullable(System.getenv("LLAMA_CPP")).map(Path::of);
    /// Of the logits' deviation.
    private static final double TOLERANCE = 2e-3;
    private static final int TOKENS = 96;
    private static final int SEQUENCES = 32;

    /// What makes a fixture's configuration a model whose rows are whole blocks of 256.
    private static final Map<String, String> WIDE = new LinkedHashMap<>(Map.ofEntries(
            Map.entry("mamba", "{'hidden_size':256,'intermediate_size':512,'time_step_rank':16}"),
            Map.entry("mamba2", "{'hidden_size':256,'num_heads':8,'head_dim':64,'n_groups':1,'state_size':32}"),
            Map.entry("jamba", "{'hidden_size':256,'intermediate_size':512,'mamba_dt_rank':16}"),
            Map.entry("falcon_h1", "{'hidden_size':256,'intermediate_size':512,'head_dim':64,'mamba_d_ssm':512,'mamba_n_heads':8,"
                    + "'mamba_d_head':64,'mamba_d_state':32}"),
            Map.entry("granitemoehybrid", "{'hidden_size':256,'intermediate_size':256,'shared_intermediate_size':512,"
                    + "'mamba_n_heads':8,'mamba_d_head':64,'mamba_d_state':32,'attention_multiplier':0.125}"),
            Map.entry("nemotron_h", "{'hidden_size':256,'intermediate_size':512,'head_dim':64,'mamba_num_heads':8,"
                    + "'mamba_head_dim':64,'ssm_state_size':32}"),
            Map.entry("nemotron_h-moe", "{'hidden_size':256,'head_dim':64,'mamba_num_heads':8,'mamba_head_dim':64,"
                    + "'ssm_state_size':32,'moe_intermediate_size':256,'moe_shared_expert_intermediate_size':256}"),
            Map.entry("lfm2", "{'hidden_size':256,'intermediate_size':512}"),
            Map.entry("lfm2_moe", "{'hidden_size':256,'intermediate_size':512,'moe_intermediate_size':256}"),
            Map.entry("rwkv6-hf", "{'hidden_size':256,'attention_hidden_size':256,'head_size':64,'intermediate_size':512}"),
            Map.entry("rwkv7", "{'n_embd':256,'head_size':64,'dim_ffn':512,'d_decay_lora':32,'d_aaa_lora':32,'d_mv_lora':32,"
                    + "'d_gate_lora':64}"),
            Map.entry("qwen3_next", "{'hidden_size':256,'head_dim':64,'linear_key_head_dim':64,'linear_value_head_dim':64,"
                    + "'moe_intermediate_size':256,'shared_expert_intermediate_size':256}"),
            Map.entry("llama", "{'hidden_size':256,'intermediate_size':512,'head_dim':64}"),
            Map.entry("qwen3", "{'hidden_size':256,'intermediate_size':512,'head_dim':64}")));

    @TempDir
    static Path folder;
    private static LlamaCpp llama;

    @BeforeAll
    static void build() throws Exception {
        assumeTrue(LLAMA.isPresent(), "LLAMA_CPP names no build of llama.cpp");
        llama = new LlamaCpp(LLAMA.get(), folder);
    }

    private static List<int[]> ids(ModelSpec spec, int sequences) {
        Random random = new Random(5);
        return Stream.generate(() -> random.ints(TOKENS, 0, spec.vocabulary()).toArray()).limit(sequences).toList();
    }

    private static float[] heddle(Path model, List<int[]> ids, CpuBackend backend) {
        try (Checkpoint checkpoint = Checkpoint.open(model); LanguageModel language = LanguageModel.load(checkpoint, backend)) {
            return logits(language, ids);
        }
    }

    /// With weights as they lie in the file and activations in f32.
    private static float[] exactly(Path model, List<int[]> ids, CpuBackend backend) {
        try (Checkpoint checkpoint = Checkpoint.open(model); LanguageModel language = new LanguageModel(checkpoint.model(), backend)) {
            return logits(language, ids);
        }
    }

    private static float[] logits(LanguageModel language, List<int[]> ids) {
        List<SequenceState> states = ids.stream().map(_ -> language.open()).toList();
        try {
            return language.allLogits(states, ids);
        } finally {
            states.forEach(SequenceState::close);
        }
    }

    private static void assertSame(float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        double mean = 0;
        for (float x : expected) {
            mean += x / expected.length;
        }
        double variance = 0;
        double most = 0;
        for (int i = 0; i < expected.length; i++) {
            variance += (expected[i] - mean) * (expected[i] - mean) / expected.length;
            most = Math.max(most, Math.abs(expected[i] - actual[i]));
        }
        double largest = most / Math.sqrt(variance);
        System.out.printf("%-28s largest difference %.1e of the deviation%n", what, largest);
        assertTrue(largest <= TOLERANCE, what + ": logits differ by " + largest + " of their deviation");
    }

    static List<String> fixtures() throws IOException {
        ObjectNode written = Json.readObject(FIXTURES.resolveSibling("gguf/written.json"));
        List<String> names = new ArrayList<>();
        written.properties().forEach(entry -> {
            if (!entry.getValue().path("architecture").asText().equals("heddle")) {
                names.add(entry.getKey());
            }
        });
        return names;
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void givesTheLogitsOfTheFixture(String fixture) throws Exception {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2); Checkpoint original = Checkpoint.open(FIXTURES.resolve(fixture))) {
            Path file = folder.resolve(fixture + ".gguf");
            GgufConversions.of(original, FileType.F32).write(file, backend.workers(), (_, _, _) -> { });
            List<int[]> ids = ids(original.spec(), 1);
            assertSame(heddle(FIXTURES.resolve(fixture), ids, backend), llama.logits(file, ids), fixture);
        }
    }

    static Stream<String> wide() {
        return WIDE.keySet().stream().sorted();
    }

    private static Path random(String fixture, CpuBackend backend) {
        ObjectNode json = Json.readObject(FIXTURES.resolve(fixture).resolve("config.json"));
        json.setAll(parse(WIDE.get(fixture)));
        json.put("vocab_size", 512);
        Config config = Config.of(json, fixture);
        ModelSpec spec = Checkpoint.spec(config, Families.of(config), fixture + "-wide");
        Model model = new Model(spec, new RandomParameters(backend, DType.F32, 1));
        Map<String, Tensor> parameters = new LinkedHashMap<>(model.parameters());
        parameters.putAll(model.buffers());
        Export export = Exports.of(spec);
        assertEquals(Optional.empty(), export.remark());
        Map<String, GgufValue> general = GgufConversion.general(export.architecture(), spec.name(), FileType.F32);
        general.put("tokenizer.ggml.model", new GgufValue.Text("none"));
        Path file = folder.resolve(fixture + "-wide.gguf");
        new GgufConversion(export, List.of(), (name, _) -> parameters.get(name), GgufConversion.types(export, FileType.F32), general)
                .write(file, backend.workers(), (_, _, _) -> { });
        return file;
    }

    private static ObjectNode parse(String text) {
        try {
            return (ObjectNode) Json.mapper().readTree(text.replace('\'', '"'));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Random models, which disturb and amplify what a trained one averages out, and whose routers flip: the same divergence
    /// within what chance allows ([Compared]).
    @ParameterizedTest
    @MethodSource("wide")
    void wideModels(String fixture) throws Exception {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Path original = random(fixture, backend);
            List<int[]> ids;
            int vocabulary;
            try (Checkpoint checkpoint = Checkpoint.open(original)) {
                ids = ids(checkpoint.spec(), SEQUENCES);
                vocabulary = checkpoint.spec().vocabulary();
            }
            float[] theirF32 = llama.logits(original, ids);
            float[] ourF32 = heddle(original, ids, backend);
            assertSame(theirF32, ourF32, fixture + " wide");
            for (FileType type : List.of(FileType.Q8_0, FileType.Q4_0, FileType.Q4_K_M, FileType.Q6_K)) {
                String what = fixture + " " + type.label();
                Path ours = folder.resolve(fixture + "-" + type + ".gguf");
                Path theirs = folder.resolve(fixture + "-" + type + "-llama.gguf");
                try (GgufFile source = GgufFile.open(original)) {
                    GgufConversions.of(source, type).write(ours, backend.workers(), (_, _, _) -> { });
                }
                llama.quantize(original, theirs, type);
                float[] there = llama.logits(theirs, ids);
                float[] here = heddle(theirs, ids, backend);
                double[] other = Compared.divergences(theirF32, there, vocabulary);
                String measured = Stream.of(
                        noLarger(what + ", llama.cpp's file in Heddle", Compared.divergences(ourF32, here, vocabulary), other),
                        noLarger("Heddle's in llama.cpp", Compared.divergences(theirF32, llama.logits(ours, ids), vocabulary), other),
                        noLarger("in Heddle", Compared.divergences(ourF32, heddle(ours, ids, backend), vocabulary), other),
                        noLarger("rounding", here, there, exactly(theirs, ids, backend), vocabulary)).collect(Collectors.joining("; "));
                System.out.println(measured);
                Files.delete(ours);
                Files.delete(theirs);
            }
            Files.delete(original);
        }
    }

    private static String noLarger(String what, double[] mine, double[] theirs) {
        Compared compared = Compared.of(mine, theirs, TOKENS);
        assertTrue(compared.isNoLarger(), what + " " + compared);
        return what + " " + compared;
    }

    /// The same of the squared error that rounded activations make in the logits of a file.
    private static String noLarger(String what, float[] mine, float[] theirs, float[] exact, int vocabulary) {
        double[] shares = Compared.shares(mine, theirs, exact, vocabulary);
        return noLarger(what, shares, Arrays.stream(shares).map(share -> 1 - share).toArray());
    }

    /// A trained model on a text it has not seen.
    @ParameterizedTest
    @EnumSource(value = FileType.class, mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void trainedModel(FileType type) throws Exception {
        Path model = Path.of(System.getProperty("heddle.repository"), "models/story-falcon-h1");
        Path original = folder.resolve("story.gguf");
        Path file = folder.resolve("story-" + type + ".gguf");
        List<int[]> ids = new ArrayList<>();
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2); Checkpoint checkpoint = Checkpoint.open(model);
                Tokenizer tokenizer = Tokenizers.load(model)) {
            if (!Files.exists(original)) {
                GgufConversions.of(checkpoint, FileType.F32).write(original, backend.workers(), (_, _, _) -> { });
            }
            int[] tokens = tokenizer.encode(Files.readString(model.resolve("validation.txt")), true);
            for (int s = 0; s < SEQUENCES; s++) {
                ids.add(Arrays.copyOfRange(tokens, s * TOKENS, (s + 1) * TOKENS));
            }
            llama.quantize(original, file, type);
            int vocabulary = checkpoint.spec().vocabulary();
            float[] there = llama.logits(file, ids);
            float[] here = heddle(file, ids, backend);
            System.out.println(noLarger("trained " + type.label(),
                    Compared.divergences(heddle(original, ids, backend), here, vocabulary),
                    Compared.divergences(llama.logits(original, ids), there, vocabulary))
                    + "; " + noLarger("rounding", here, there, exactly(file, ids, backend), vocabulary));
        }
    }

    /// The same bytes, except where Heddle keeps more bits.
    @ParameterizedTest
    @ValueSource(strings = {"Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q5_0", "Q5_1", "Q4_1", "Q8_0", "Q4_0"})
    void choosesAndEncodesAsLlamaQuantizeDoes(String name) throws Exception {
        FileType type = FileType.valueOf(name);
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Path original = random("falcon_h1", backend);
            Path ours = folder.resolve("same.gguf");
            Path theirs = folder.resolve("same-llama.gguf");
            try (GgufFile source = GgufFile.open(original)) {
                GgufConversions.of(source, type).write(ours, backend.workers(), (_, _, _) -> { });
            }
            llama.quantize(original, theirs, type);
            try (GgufFile a = GgufFile.open(ours); GgufFile b = GgufFile.open(theirs)) {
                assertEquals(a.names(), b.names());
                for (String tensor : a.names()) {
                    assertEquals(b.tensor(tensor).dtype(), a.tensor(tensor).dtype(), tensor);
                    assertEquals(-1, Memory.ALL.asSlice(a.tensor(tensor).address(), a.tensor(tensor).bytes())
                            .mismatch(Memory.ALL.asSlice(b.tensor(tensor).address(), b.tensor(tensor).bytes())),
                            tensor);
                }
            }
        }
    }
}
