package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.tensor.DType;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Sizes of published models, from their configurations alone, against the sizes in their names, which are rounded or cut
/// off. (Kimi Linear's tensors add up to 49 billion numbers, as its page on the hub counts them too.)
class PublishedSizesTest {
    /// Fields of published configurations that have no file of their own here.
    private static final Map<String, String> FIELDS = Map.of(
            "Qwen3-Next-80B-A3B", """
                    {"model_type": "qwen3_next", "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 5120,
                     "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256,
                     "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128,
                     "linear_value_head_dim": 128, "num_experts": 512, "num_experts_per_tok": 10,
                     "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512}""",
            "OLMo-hybrid-7B", """
                    {"model_type": "olmo_hybrid", "vocab_size": 100352, "hidden_size": 3840, "intermediate_size": 11008,
                     "num_hidden_layers": 32, "num_attention_heads": 30, "rope_parameters": null}""",
            "Phi-4-mini-flash", """
                    {"model_type": "phi4flash", "vocab_size": 200064, "hidden_size": 2560, "intermediate_size": 10240,
                     "num_hidden_layers": 32, "num_attention_heads": 40, "num_key_value_heads": 20,
                     "sliding_window": 512}""",
            "Hymba-1.5B", """
                    {"model_type": "hymba", "vocab_size": 32001, "hidden_size": 1600, "intermediate_size": 5504,
                     "num_hidden_layers": 32, "num_attention_heads": 25, "num_key_value_heads": 5, "mamba_d_conv": 3,
                     "mamba_dt_rank": 100, "sliding_window": 1024, "global_attn_idx": [0, 15, 31],
                     "num_memory_tokens": 128, "rope": true, "rope_type": "ntk", "max_position_embeddings": 8192,
                     "orig_max_position_embeddings": 2048, "tie_word_embeddings": true,
                     "kv_reuse_group": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [16, 17, 18],
                                        [19, 20], [21, 22], [23, 24], [25, 26], [27, 28], [29, 30]]}""",
            "Kimi-Linear-48B-A3B", """
                    {"model_type": "kimi_linear", "vocab_size": 163840, "hidden_size": 2304, "intermediate_size": 9216,
                     "num_hidden_layers": 27, "num_attention_heads": 32, "num_key_value_heads": 32,
                     "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
                     "v_head_dim": 128, "num_experts": 256, "num_experts_per_token": 8, "num_shared_experts": 1,
                     "moe_intermediate_size": 1024, "first_k_dense_replace": 1,
                     "linear_attn_config": {"num_heads": 32, "head_dim": 128, "short_conv_kernel_size": 4,
                      "full_attn_layers": [4, 8, 12, 16, 20, 24, 27],
                      "kda_layers": [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26]}}""");

    private static Config config(String name) {
        return FIELDS.containsKey(name) ? Config.parse(FIELDS.get(name), name)
                : Config.read(Repository.path("testdata/configs/" + name + ".json"));
    }

    /// @param unit   what the size in the name counts in
    /// @param total  the size in the name
    /// @param active the active size in the name, or the total
    @ParameterizedTest(name = "{0}")
    @CsvSource({"Samba-421M, 1e6, 421, 421", "Samba-1.3B, 1e8, 13, 13", "Qwen3-Next-80B-A3B, 1e9, 80, 3",
            "OLMo-hybrid-7B, 1e9, 7, 7", "Phi-4-mini-flash, 1e8, 38, 38", "Hymba-1.5B, 1e8, 15, 15",
            "Kimi-Linear-48B-A3B, 1e9, 49, 3"})
    void totalsAreTheSizesInTheNames(String name, double unit, long total, long active) {
        Config config = config(name);
        Model model = new Model(Families.of(config).spec(config, name), new ShapeOnly(DType.BF16));
        long all = model.parameters().values().stream().mapToLong(tensor -> tensor.elements()).sum();
        double used = model.parameters().entrySet().stream()
                .mapToDouble(entry -> model.activeShare(entry.getKey()) * entry.getValue().elements()).sum();
        assertEquals(total, all / unit, 0.999, name + " has " + all + " parameters");
        assertEquals(active, used / unit, 0.999, name + " has " + used + " active parameters");
    }
}
