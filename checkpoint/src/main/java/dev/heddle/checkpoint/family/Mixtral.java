package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;

/// Mixtral (Jiang et al. 2024): Mistral with eight experts, of which each row visits two.
final class Mixtral implements Family {
    @Override
    public String name() {
        return "mixtral";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        AttentionSpec attention = Llama.attention(config, Llama.headDim(config), 1e6)
                .withWindow(config.integer("sliding_window", 0));
        MixtureOfExpertsSpec experts = MixtureOfExpertsSpec.of(config.integer("num_local_experts", 8),
                config.integer("num_experts_per_tok", 2), Llama.mlp(config), Router.softmaxOfChosen());
        return Llama.model(config, name, name(), _ -> attention, _ -> experts);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder, (layer, channel) -> {
            layer.bind("router.weight", "block_sparse_moe.gate.weight");
            ExpertNames.each(layer, (MixtureOfExpertsSpec) channel, "block_sparse_moe.experts.", "w1", "w3", "w2");
        });
    }
}
