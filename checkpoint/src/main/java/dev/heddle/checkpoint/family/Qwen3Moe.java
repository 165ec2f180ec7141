package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import java.util.Arrays;

/// Qwen3 with experts (Yang et al. 2025), in all layers or every `decoder_sparse_step`-th but those of `mlp_only_layers`.
final class Qwen3Moe implements Family {
    @Override
    public String name() {
        return "qwen3_moe";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        GatedMlpSpec dense = Llama.mlp(config);
        GatedMlpSpec expert = GatedMlpSpec.of(config.integer("moe_intermediate_size", 768),
                Activation.named(config.string("hidden_act", "silu")));
        MixtureOfExpertsSpec experts = MixtureOfExpertsSpec.of(config.integer("num_experts", 128),
                config.integer("num_experts_per_tok", 8), expert,
                Router.softmax().withNormalised(config.flag("norm_topk_prob", false), 0));
        int step = config.integer("decoder_sparse_step", 1);
        int[] without = config.integers("mlp_only_layers", new int[0]);
        return Qwen2.spec(config, name, name(), Qwen3.attention(config),
                i -> (i + 1) % step == 0 && Arrays.stream(without).noneMatch(layer -> layer == i) ? experts : dense);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder, (layer, channel) -> {
            if (channel instanceof MixtureOfExpertsSpec experts) {
                layer.bind("router.weight", "mlp.gate.weight");
                ExpertNames.each(layer, experts, "mlp.experts.", "gate_proj", "up_proj", "down_proj");
            } else {
                LlamaNames.mlp(layer.at("", "mlp."), (GatedMlpSpec) channel);
            }
        });
    }
}
