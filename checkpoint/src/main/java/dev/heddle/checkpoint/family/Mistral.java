package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.ModelSpec;

/// Mistral (Jiang et al. 2023): Llama with a sliding window.
final class Mistral implements Family {
    @Override
    public String name() {
        return "mistral";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        return Llama.spec(config, name, name(), config.integer("sliding_window", 0));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder);
    }
}
