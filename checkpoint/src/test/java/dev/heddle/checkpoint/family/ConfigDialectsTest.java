package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.ModelSpec;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The same architecture in the words of different programs is the same specification.
class ConfigDialectsTest {
    private static ObjectNode json(String fixture) {
        return Config.read(Repository.fixtures().resolve(fixture).resolve("config.json")).json();
    }

    private static ModelSpec spec(ObjectNode json) {
        Config config = Config.of(json, "config.json");
        return Families.of(config).spec(config, "model");
    }

    private static void rename(ObjectNode json, Map<String, String> names) {
        names.forEach((name, other) -> json.set(other, json.remove(name)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"zamba2", "zamba2-no-rope-one-block"})
    void zamba2InZyphrasWords(String fixture) {
        ObjectNode json = json(fixture);
        rename(json, Map.of("adapter_rank", "lora_rank", "mamba_d_state", "state_size", "mamba_d_conv", "conv_dimension",
                "mamba_expand", "expansion_factor", "intermediate_size", "ffn_hidden_size", "use_shared_attention_adapter",
                "use_shared_attention_lora"));
        json.remove("rope_parameters");
        json.put("rope_theta", 10000);
        ArrayNode letters = json.putArray("layers_block_type");
        for (int i = 0; i < 6; i++) {
            letters.add(i % 2 == 0 ? "m" : "g");
        }
        assertEquals(spec(json(fixture)), spec(json));
        json.remove("layers_block_type");
        assertEquals(spec(json(fixture)), spec(json), "by hybrid_layer_ids");
    }

    @Test
    void zambaByPeriod() {
        ObjectNode json = json("zamba");
        json.remove("layers_block_type");
        assertEquals(spec(json("zamba")), spec(json));
    }

    @Test
    void unknownLayerTypesAreErrorsThatNameTheField() {
        ObjectNode json = json("zamba2");
        json.putArray("layers_block_type").add("mamba").add("mlp");
        String message = assertThrows(CheckpointException.class, () -> spec(json)).getMessage();
        assertTrue(message.contains("layers_block_type") && message.contains("mlp"), message);
        ObjectNode gemma = json("gemma2");
        gemma.putArray("layer_types").add("sliding_attention").add("chunked_attention").add("full_attention")
                .add("full_attention");
        message = assertThrows(CheckpointException.class, () -> spec(gemma)).getMessage();
        assertTrue(message.contains("layer_types") && message.contains("chunked_attention"), message);
    }

    @Test
    void gemma3WithTheRotaryFieldsOfItsFirstFiles() {
        ObjectNode json = json("gemma3_text");
        json.remove("rope_parameters");
        json.remove("layer_types");
        json.put("rope_theta", 1000000).put("rope_local_base_freq", 10000);
        json.putObject("rope_scaling").put("rope_type", "linear").put("factor", 8.0);
        assertEquals(spec(json("gemma3_text")), spec(json));
    }

    @Test
    void gemma2WithoutLayerTypes() {
        ObjectNode json = json("gemma2");
        json.remove("layer_types");
        assertEquals(spec(json("gemma2")), spec(json));
    }

    @Test
    void qwen2SlidesInItsUpperLayersIfItSaysSo() {
        ObjectNode json = json("qwen2");
        json.remove("layer_types");
        assertEquals(spec(json("qwen2")), spec(json));
        json.put("use_sliding_window", true).put("sliding_window", 8).put("max_window_layers", 1);
        ObjectNode listed = json("qwen2");
        listed.put("use_sliding_window", true).put("sliding_window", 8);
        listed.putArray("layer_types").add("full_attention").add("sliding_attention").add("sliding_attention");
        assertEquals(spec(listed), spec(json));
    }

    @ParameterizedTest
    @ValueSource(strings = {"zamba", "zamba2", "recurrent_gemma", "griffin", "hawk"})
    void keysTellTheFamilyWhereTheTypeIsMissing(String fixture) {
        ObjectNode json = json(fixture);
        json.remove("model_type");
        assertEquals(spec(json(fixture)), spec(json));
    }
}
