package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.PickleWriter;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The other forms in which checkpoints of a family are published: configurations of real sizes, pickles, tensor names
/// and layouts of other programs. A reference checkpoint written in such a form must give the same logits to the bit.
class PublishedFormsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"Bamba-9B", "BlackMamba-2.8B", "Granite-4.0-H-1B", "Granite-4.0-H-350M", "Granite-4.0-H-Micro",
            "Granite-4.0-H-Small", "Granite-4.0-H-Tiny", "LFM2-350M", "LFM2-1.2B", "LFM2-2.6B", "Nemotron-3-Nano-4B",
            "Nemotron-3-Nano-30B-A3B", "Nemotron-3-Super-120B-A12B", "Nemotron-H-4B", "Nemotron-H-8B", "Nemotron-H-47B",
            "Nemotron-H-56B", "Nemotron-Nano-9B-v2", "Nemotron-Nano-12B-v2"})
    void publishedConfigurationsHaveThePublishedNumberOfParameters(String name) throws IOException {
        JsonNode expected = JSON.readTree(Repository.path("testdata/configs/EXPECTED_PARAMETERS.json").toFile());
        assertEquals(expected.required(name).asLong(), parameters(name));
    }

    private static long parameters(String name) {
        Config config = Config.read(Repository.path("testdata/configs/" + name + ".json"));
        return new Model(Checkpoint.spec(config, Families.of(config), name), new ShapeOnly(DType.BF16)).parameters().values()
                .stream().mapToLong(Tensor::elements).sum();
    }

    @Test
    void codestralMambaIsMamba2() throws IOException {
        long layer = (8192 + 10240 + 128) * 4096L + 10240 * 5 + 3 * 128 + 8192 + 8192 * 4096 + 4096;
        assertEquals(2 * 32768 * 4096L + 64 * layer + 4096, parameters("Codestral-Mamba-7B"));
        ObjectNode config = (ObjectNode) JSON.readTree(Repository.path("testdata/configs/Codestral-Mamba-7B.json").toFile());
        JsonNode small = config("mamba2");
        for (String size : List.of("hidden_size", "num_hidden_layers", "num_heads", "head_dim", "state_size", "n_groups",
                "vocab_size", "chunk_size")) {
            config.set(size, small.get(size));
        }
        config.put("intermediate_size", 2 * small.get("hidden_size").asInt());
        try (WeightSource source = weights("mamba2")) {
            assertSameLogits("mamba2", config, all(source));
        }
    }

    @Test
    void blackMambaInPyTorchArchives() throws IOException {
        Files.writeString(folder.resolve("config.json"), config("blackmamba").toString());
        PickleWriter pickle = new PickleWriter().op('}').text("model").op('}');
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("archive/data.pkl", new byte[0]);
        try (WeightSource source = weights("blackmamba")) {
            all(source).forEach((name, tensor) -> {
                float[] values = tensor.toFloats();
                ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                String key = String.valueOf(entries.size() - 1);
                entries.put("archive/data/" + key, bytes.array());
                long[] stride = new long[tensor.rank()];
                long step = 1;
                for (int i = stride.length - 1; i >= 0; i--) {
                    stride[i] = step;
                    step *= tensor.dim(i);
                }
                pickle.text(name).tensor(key, values.length, 0, tensor.shape(), stride).op('s');
            });
        }
        entries.put("archive/data.pkl", pickle.op('s').text("iteration").op('N').op('s').end());
        Files.write(folder.resolve("pytorch_model.bin"), PickleWriter.zip(entries, false));
        assertArrayEquals(logits(Repository.fixtures().resolve("blackmamba"), "blackmamba"), logits(folder, "blackmamba"));
    }

    @Test
    void megatronHybridsOfLaterVersions() throws IOException {
        try (WeightSource source = weights("megatron_hybrid")) {
            Map<String, Tensor> renamed = new LinkedHashMap<>();
            all(source).forEach((name, tensor) -> renamed.put(name
                    .replaceFirst("^(decoder\\.layers\\.\\d+)\\.norm\\.weight$", "$1.mixer.in_proj.layer_norm_weight")
                    .replaceFirst("conv1d\\.(weight|bias)$", "conv1d_$1"), tensor));
            assertSameLogits("megatron_hybrid", config("megatron_hybrid"), renamed);
        }
    }

    @Test
    void expertsStackedInOneTensor() throws IOException {
        try (WeightSource source = weights("lfm2_moe"); Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = all(source);
            for (int layer = 1; layer < 4; layer++) {
                String experts = "model.layers." + layer + ".feed_forward.experts.";
                float[] input = new float[4 * 2 * 16 * 32];
                float[] output = new float[4 * 32 * 16];
                for (int e = 0; e < 4; e++) {
                    System.arraycopy(tensors.remove(experts + e + ".w1.weight").toFloats(), 0, input, 2 * e * 512, 512);
                    System.arraycopy(tensors.remove(experts + e + ".w3.weight").toFloats(), 0, input, (2 * e + 1) * 512, 512);
                    System.arraycopy(tensors.remove(experts + e + ".w2.weight").toFloats(), 0, output, e * 512, 512);
                }
                tensors.put(experts + "gate_up_proj", Tensor.of(arena, input, 4, 32, 32));
                tensors.put(experts + "down_proj", Tensor.of(arena, output, 4, 32, 16));
            }
            assertSameLogits("lfm2_moe", config("lfm2_moe"), tensors);
        }
    }

    @ParameterizedTest
    @CsvSource({"zamba, model.layers.2.shared_transf., 4", "zamba, model.layers.2.shared_transf., 7",
            "zamba2, model.layers.1.shared_transformer., 5"})
    void sharedBlocksRepeatedWhereTheyAreUsed(String fixture, String block, int use) throws IOException {
        try (WeightSource source = weights(fixture)) {
            Map<String, Tensor> tensors = all(source);
            all(source).forEach((name, tensor) -> {
                if (name.startsWith(block)) {
                    tensors.put(name.replaceFirst("layers\\.\\d+", "layers." + use), tensor);
                }
            });
            assertSameLogits(fixture, config(fixture), tensors);
        }
    }

    private static JsonNode config(String fixture) throws IOException {
        return JSON.readTree(Repository.fixtures().resolve(fixture).resolve("config.json").toFile());
    }

    private static WeightSource weights(String fixture) {
        return Safetensors.open(Repository.fixtures().resolve(fixture).resolve("model.safetensors"));
    }

    private static Map<String, Tensor> all(WeightSource source) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        source.names().forEach(name -> tensors.put(name, source.tensor(name)));
        return tensors;
    }

    private void assertSameLogits(String fixture, JsonNode config, Map<String, Tensor> tensors) throws IOException {
        Files.writeString(folder.resolve("config.json"), config.toString());
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
        assertArrayEquals(logits(Repository.fixtures().resolve(fixture), fixture), logits(folder, fixture));
    }

    private static float[] logits(Path checkpointFolder, String fixture) {
        int[] ids = Golden.read(Repository.fixtures().resolve(fixture)).ids()[0];
        try (Checkpoint checkpoint = Checkpoint.open(checkpointFolder);
                Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 1); Executor executor = new Executor(backend)) {
            Model model = checkpoint.model();
            try (StatePool pool = new StatePool(backend, model.states(), DType.F32); SequenceState sequence = pool.open()) {
                Pass pass = Pass.of(executor, List.of(sequence), List.of(ids), Optional.empty());
                int[] rows = new int[ids.length];
                Arrays.setAll(rows, i -> i);
                return backend.read(model.logits(pass, rows));
            }
        }
    }
}
