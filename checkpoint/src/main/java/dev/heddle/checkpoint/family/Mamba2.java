package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.Collections;
import java.util.Map;

/// Mamba-2 (Dao & Gu 2024) in HF Transformers' form (`model_type` mamba2, Codestral Mamba among them) and mamba_ssm's
/// own (`ssm_cfg.layer` Mamba2).
///
/// The two differ where B and C have several groups, as in Codestral Mamba: mamba_ssm normalises each group of channels
/// by itself, Transformers' own class all of them together. Each form means here what its program computes.
final class Mamba2 implements Family {
    @Override
    public String name() {
        return "mamba2";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals("mamba2")
                : config.has("d_model") && config.isSection("ssm_cfg")
                        && config.section("ssm_cfg").string("layer", "").equals("Mamba2")
                        && !MambaSsmHybrid.isHybrid(config);
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        config.allow("hidden_act", "silu", "swish"); // of the convolution too
        boolean original = config.has("d_model");
        Config ssm = original ? config.section("ssm_cfg") : config;
        int width = config.integerAny("hidden_size", "d_model");
        int headDim = ssm.integerAnyOr(64, "head_dim", "headdim");
        int inner = ssm.integer("expand", 2) * width;
        int heads = config.integer("num_heads", inner / headDim);
        double epsilon = config.numberAnyOr(1e-5, "layer_norm_epsilon", "norm_epsilon");
        double[] limit = config.numbers("time_step_limit", 0, Double.POSITIVE_INFINITY);
        int groups = ssm.integerAnyOr(original ? 1 : 8, "n_groups", "ngroups");
        Mamba2Spec mixer = new Mamba2Spec(heads, headDim, ssm.integerAnyOr(128, "state_size", "d_state"), groups,
                ssm.integerAnyOr(4, "conv_kernel", "d_conv"), ssm.integer("chunk_size", 256),
                ssm.flagAnyOr(true, "use_conv_bias", "conv_bias"), ssm.flagAnyOr(false, "use_bias", "bias"),
                Mamba2Spec.Gate.GATE_THEN_NORM, NormSpec.rms(original ? 1e-5 : epsilon), original ? groups : 1, limit[0],
                limit[1], Mamba2Spec.Scales.ONE);
        NormSpec norm = NormSpec.rms(epsilon);
        int vocabulary = config.integer("vocab_size");
        if (original) {
            int multiple = config.integer("pad_vocab_size_multiple", 16);
            vocabulary = (vocabulary + multiple - 1) / multiple * multiple;
        }
        boolean tied = original ? config.flag("tie_embeddings", true) : config.flag("tie_word_embeddings", false);
        return new ModelSpec(name, name(), vocabulary, width, 0, ModelSpec.EmbeddingSpec.PLAIN,
                Collections.nCopies(config.integerAny("num_hidden_layers", "n_layer"), ResidualSpec.of(norm, mixer)),
                Map.of(), norm, ModelSpec.HeadSpec.of(tied));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
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
            Mamba2Names.bind(layer.at("", "mixer."), (Mamba2Spec) block.body());
        }
    }
}
