package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.ModelSpec;

/// Qwen3 (Yang et al. 2025): Llama with norms of each query and key head, whose width is free.
final class Qwen3 implements Family {
    @Override
    public String name() {
        return "qwen3";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        GatedMlpSpec mlp = Llama.mlp(config);
        return Qwen2.spec(config, name, name(), attention(config), _ -> mlp);
    }

    static AttentionSpec attention(Config config) {
        boolean bias = config.flag("attention_bias", false);
        return Llama.attention(config, config.integer("head_dim", 128), 10000).withBias(bias, bias)
                .withQueryKeyNorm(Llama.norm(config));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder);
    }
}
