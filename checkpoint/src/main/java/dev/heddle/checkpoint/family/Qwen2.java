package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.ModelSpec;
import java.util.function.IntFunction;

/// Qwen2 (Yang et al. 2024): Llama with biases on queries, keys and values.
final class Qwen2 implements Family {
    @Override
    public String name() {
        return "qwen2";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        GatedMlpSpec mlp = Llama.mlp(config);
        return spec(config, name, name(), Llama.attention(config, Llama.headDim(config), 10000).withBias(true, false), _ -> mlp);
    }

    /// The upper layers slide if `use_sliding_window` says so.
    static ModelSpec spec(Config config, String name, String family, AttentionSpec attention,
            IntFunction<ChannelMixerSpec> channel) {
        int window = config.flag("use_sliding_window", false) ? config.integer("sliding_window", 0) : 0;
        int first = config.integer("max_window_layers", 28);
        boolean[] sliding = SlidingWindows.of(config, i -> window > 0 && i >= first);
        return Llama.model(config, name, family, i -> attention.withWindow(sliding[i] ? window : 0), channel);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder);
    }
}
