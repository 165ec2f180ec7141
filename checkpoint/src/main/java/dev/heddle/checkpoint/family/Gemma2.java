package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ModelSpec;

/// Gemma 2 (Gemma Team 2024b): every other layer slides, scores and logits are capped, sub-layers are normed on both sides.
final class Gemma2 implements Family {
    @Override
    public String name() {
        return "gemma2";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        boolean bias = config.flag("attention_bias", false);
        AttentionSpec attention = Llama.attention(config, config.integer("head_dim", 256), 10000).withBias(bias, bias)
                .withScale(1 / Math.sqrt(config.number("query_pre_attn_scalar", 256)))
                .withSoftcap(config.number("attn_logit_softcapping", 0));
        int window = config.integer("sliding_window", 4096);
        boolean[] sliding = SlidingWindows.of(config, i -> i % 2 == 0);
        return Gemma.model(config, name, name(), Gemma.norm(config), i -> attention.withWindow(sliding[i] ? window : 0),
                config.number("final_logit_softcapping", 0));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder);
    }
}
