package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.Collections;
import java.util.Map;

/// Mamba (Gu & Dao 2023) in HF Transformers' form (`model_type` mamba) and mamba_ssm's own (`d_model`, `n_layer`,
/// `ssm_cfg`).
final class Mamba implements Family {
    @Override
    public String name() {
        return "mamba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals("mamba")
                : config.has("d_model") && config.has("n_layer") && config.isSection("ssm_cfg")
                        && config.section("ssm_cfg").string("layer", "Mamba1").equals("Mamba1")
                        && !MambaSsmHybrid.isHybrid(config);
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        config.allow("hidden_act", "silu", "swish"); // of the convolution too
        int width = config.integerAny("hidden_size", "d_model");
        Config ssm = config.isSection("ssm_cfg") ? config.section("ssm_cfg") : config;
        int inner = config.integer("intermediate_size", ssm.integer("expand", 2) * width);
        boolean plainRank = !ssm.isNumber("dt_rank") && !config.isNumber("time_step_rank");
        int rank = plainRank ? (width + 15) / 16 : ssm.isNumber("dt_rank") ? ssm.integer("dt_rank")
                : config.integer("time_step_rank");
        Mamba1Spec mixer = new Mamba1Spec(inner, ssm.integerAnyOr(16, "state_size", "d_state"),
                ssm.integerAnyOr(4, "conv_kernel", "d_conv"), rank, ssm.flagAnyOr(true, "use_conv_bias", "conv_bias"),
                ssm.flagAnyOr(false, "use_bias", "bias"), NormSpec.NONE);
        NormSpec norm = NormSpec.rms(config.numberAnyOr(1e-5, "layer_norm_epsilon", "norm_epsilon"));
        LayerSpec block = ResidualSpec.of(norm, mixer);
        int vocabulary = config.integer("vocab_size");
        int multiple = config.integer("pad_vocab_size_multiple", 1);
        if (config.has("d_model")) {
            vocabulary = (vocabulary + multiple - 1) / multiple * multiple;
        }
        boolean tied = config.flagAnyOr(true, "tie_word_embeddings", "tie_embeddings");
        return new ModelSpec(name, name(), vocabulary, width, 0, ModelSpec.EmbeddingSpec.PLAIN,
                Collections.nCopies(config.integerAny("num_hidden_layers", "n_layer"), block), Map.of(), norm,
                ModelSpec.HeadSpec.of(tied));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        bind(spec, binder);
    }

    static void bind(ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", binder.has("backbone.embedding.weight") ? "backbone.embedding.weight"
                : "backbone.embeddings.weight");
        binder.bind("norm.weight", "backbone.norm_f.weight");
        if (spec.head().tied()) {
            binder.ignore("lm_head.weight");
        } else {
            binder.bind("head.weight", "lm_head.weight");
        }
        for (int i = 0; i < spec.blocks().size(); i++) {
            ResidualSpec block = (ResidualSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "backbone.layers." + i + ".");
            layer.bind("norm.weight", "norm.weight");
            Mamba1Names.bind(layer.at("", "mixer."), (Mamba1Spec) block.body());
        }
    }
}
