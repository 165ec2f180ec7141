package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ModelSpec;

/// The text model of Gemma 3 (Gemma Team 2025): five sliding layers for one that sees everything, each kind with its own
/// rotary base, and norms of query and key heads instead of caps.
final class Gemma3 implements Family {
    @Override
    public String name() {
        return "gemma3_text";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int pattern = config.integerAnyOr(6, "sliding_window_pattern", "_sliding_window_pattern");
        boolean[] sliding = SlidingWindows.of(config, i -> (i + 1) % pattern != 0);
        AttentionSpec local = attention(config, false).withWindow(config.integer("sliding_window", 4096));
        AttentionSpec global = attention(config, true);
        return Gemma.model(config, name, name(), Gemma.norm(config), i -> sliding[i] ? local : global,
                config.number("final_logit_softcapping", 0));
    }

    private static AttentionSpec attention(Config config, boolean full) {
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", 256);
        boolean bias = config.flag("attention_bias", false);
        return AttentionSpec
                .of(heads, config.integer("num_key_value_heads", heads), headDim, RopeConfig.ofLayerType(config, full, headDim))
                .withBias(bias, bias).withQueryKeyNorm(Gemma.norm(config))
                .withScale(1 / Math.sqrt(config.number("query_pre_attn_scalar", 256)))
                .withSoftcap(config.number("attn_logit_softcapping", 0));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder);
    }
}
