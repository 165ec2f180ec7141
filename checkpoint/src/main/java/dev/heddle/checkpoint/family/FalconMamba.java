package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.Collections;
import java.util.Map;

/// Falcon-Mamba (TII 2024): Mamba with weightless RMS norms on time step, B and C.
final class FalconMamba implements Family {
    @Override
    public String name() {
        return "falcon_mamba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        config.allow("hidden_act", "silu", "swish"); // of the convolution too
        int width = config.integer("hidden_size");
        // "expand" is a dead field in published files; "intermediate_size" rules
        int inner = config.integer("intermediate_size", config.integer("expand", 2) * width);
        int rank = config.isNumber("time_step_rank") ? config.integer("time_step_rank") : (width + 15) / 16;
        Mamba1Spec mixer = new Mamba1Spec(inner, config.integer("state_size", 16), config.integer("conv_kernel", 4), rank,
                config.flag("use_conv_bias", true), config.flag("use_bias", false),
                NormSpec.rmsUnweighted(config.number("mixer_rms_eps", 1e-6)));
        NormSpec norm = NormSpec.rms(config.number("layer_norm_epsilon", 1e-5));
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0, ModelSpec.EmbeddingSpec.PLAIN,
                Collections.nCopies(config.integer("num_hidden_layers"), ResidualSpec.of(norm, mixer)), Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", true)));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Mamba.bind(spec, binder);
    }
}
