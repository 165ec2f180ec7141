package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Executor;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A checkpoint of Heddle's own family is the model it was made from.
class HeddleNativeTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"jamba", "zamba2", "rwkv7", "granitemoehybrid"})
    void sameLogitsAsTheFamilyItCameFrom(String fixture) throws IOException {
        int[] ids = Golden.read(Repository.fixtures().resolve(fixture)).ids()[0];
        float[] expected;
        try (Checkpoint checkpoint = Checkpoint.open(Repository.fixtures().resolve(fixture))) {
            Model model = checkpoint.model();
            expected = logits(model, ids);
            ObjectNode config = Json.object().put("model_type", HeddleNative.NAME);
            config.set(HeddleNative.ARCHITECTURE, SpecFile.json(checkpoint.spec()));
            Files.writeString(folder.resolve("config.json"), Json.pretty(config));
            Map<String, Tensor> tensors = new LinkedHashMap<>(model.parameters());
            tensors.putAll(model.buffers());
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        try (Checkpoint own = Checkpoint.open(folder)) {
            assertEquals(HeddleNative.NAME, own.family().name());
            assertArrayEquals(expected, logits(own.model(), ids));
        }
    }

    private static float[] logits(Model model, int[] ids) {
        try (Backend backend = CpuBackend.of(CpuBackend.Choice.VECTOR, 1); Executor executor = new Executor(backend);
                StatePool states = new StatePool(backend, model.states(), DType.F32); SequenceState sequence = states.open()) {
            Pass pass = Pass.of(executor, List.of(sequence), List.of(ids), Optional.empty());
            return backend.read(model.logits(pass, new int[] {ids.length - 1}));
        }
    }
}
