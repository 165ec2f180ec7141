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
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.measure.RandomParameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that Heddle writes, in llama.cpp: it loads them and computes the same logits, and what Heddle quantizes is no further from
/// the original than what llama.cpp quantizes itself.
///
/// Runs where LLAMA_CPP names the folder in which llama.cpp was built (within its sources, with `llama-quantize`).
class LlamaCppTest {
    private static final Path FIXTURES = Path.of(System.getProperty("heddle.repository"), "testdata/fixtures");
    private static final Path SOURCE = Path.of(System.getProperty("heddle.repository"), "tools/llama/logits.cpp");
    private static final Optional<Path> LLAMA = Optional.ofNullable(System.getenv("LLAMA_CPP")).map(Path::of);
    /// Of the logits' deviation.
    private static final double TOLERANCE = 2e-3;
    private static final int TOKENS = 96;

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
    private static Path program;

    @BeforeAll
    static void build() throws Exception {
        assumeTrue(LLAMA.isPresent(), "LLAMA_CPP names no build of llama.cpp");
        program = folder.resolve("llama-logits");
        String bin = LLAMA.get().resolve("bin").toString();
        String root = LLAMA.get().toAbsolutePath().getParent().toString();
        run("", "c++", "-O1", "-std=c++17", "-I" + root + "/include", "-I" + root + "/ggml/include", SOURCE.toString(), "-o",
                program.toString(), "-L" + bin, "-lllama", "-lggml", "-lggml-base", "-Wl,-rpath," + bin);
    }

    private static String run(String input, String... command) throws Exception {
        Path log = Files.createTempFile(folder, "log", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // it ended before it had read everything; its exit code says why
        }
        String text = process.waitFor() == 0 ? "" : Files.readString(log);
        assertEquals(0, process.exitValue(), String.join(" ", command) + "\n" + text);
        return text;
    }

    private static int[] ids(ModelSpec spec) {
        return new Random(5).ints(TOKENS, 0, spec.vocabulary()).toArray();
    }

    private static float[] llama(Path file, int[] ids) throws Exception {
        Path out = Files.createTempFile(folder, "logits", ".f32");
        run("[" + Arrays.toString(ids) + "]", program.toString(), file.toString(), out.toString());
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN);
        float[] logits = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(logits);
        return logits;
    }

    private static float[] heddle(Path model, int[] ids, CpuBackend backend) {
        try (Checkpoint checkpoint = Checkpoint.open(model); LanguageModel language = LanguageModel.load(checkpoint, backend);
                SequenceState state = language.open()) {
            return language.allLogits(List.of(state), List.of(ids));
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
            int[] ids = ids(original.spec());
            assertSame(heddle(FIXTURES.resolve(fixture), ids, backend), llama(file, ids), fixture);
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

    @ParameterizedTest
    @MethodSource("wide")
    void wideModels(String fixture) throws Exception {
        try (CpuBackend backend = CpuBackend.of(CpuBackend.Choice.BEST, 2)) {
            Path original = random(fixture, backend);
            int[] ids;
            int vocabulary;
            try (Checkpoint checkpoint = Checkpoint.open(original)) {
                ids = ids(checkpoint.spec());
                vocabulary = checkpoint.spec().vocabulary();
            }
            float[] expected = llama(original, ids);
            assertSame(expected, heddle(original, ids, backend), fixture + " wide");
            for (FileType type : List.of(FileType.Q8_0, FileType.Q4_0, FileType.Q4_K_M, FileType.Q6_K)) {
                Path ours = folder.resolve(fixture + "-" + type + ".gguf");
                Path theirs = folder.resolve(fixture + "-" + type + "-llama.gguf");
                try (GgufFile source = GgufFile.open(original)) {
                    GgufConversions.of(source, type).write(ours, backend.workers(), (_, _, _) -> { });
                }
                run("", LLAMA.get().resolve("bin/llama-quantize").toString(), original.toString(), theirs.toString(),
                        type.name(), "2");
                double mine = divergence(expected, llama(ours, ids), vocabulary);
                double other = divergence(expected, llama(theirs, ids), vocabulary);
                double here = divergence(expected, heddle(theirs, ids, backend), vocabulary);
                System.out.printf("%-28s KL divergence %.3e, llama.cpp's %.3e; of llama.cpp's file in Heddle %.3e%n",
                        fixture + " " + type.label(), mine, other, here);
                assertTrue(mine <= 1.02 * other + 1e-9, fixture + " " + type + ": " + mine + ", llama.cpp's " + other);
                // both round activations, and a router that flips changes either: the file is the same, the noise is not
                assertTrue(here <= 2 * other + 1e-9, fixture + " " + type + " of llama.cpp in Heddle: " + here + ", llama.cpp's " + other);
            }
        }
    }

    /// Mean Σ p ln(p/q) over all rows.
    private static double divergence(float[] p, float[] q, int vocabulary) {
        double sum = 0;
        for (int row = 0; row < p.length / vocabulary; row++) {
            double normP = normalizer(p, row * vocabulary, vocabulary);
            double normQ = normalizer(q, row * vocabulary, vocabulary);
            for (int i = row * vocabulary; i < (row + 1) * vocabulary; i++) {
                sum += Math.exp(p[i] - normP) * (p[i] - normP - (q[i] - normQ));
            }
        }
        return sum / (p.length / vocabulary);
    }

    private static double normalizer(float[] logits, int at, int vocabulary) {
        double sum = 0;
        for (int i = at; i < at + vocabulary; i++) {
            sum += Math.exp(logits[i]);
        }
        return Math.log(sum);
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
            run("", LLAMA.get().resolve("bin/llama-quantize").toString(), original.toString(), theirs.toString(), name, "2");
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
