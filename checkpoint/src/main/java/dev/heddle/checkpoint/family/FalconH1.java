package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Falcon-H1 (TII 2025): attention and Mamba-2 side by side in every layer, with the multipliers of maximal-update
/// parametrisation.
final class FalconH1 implements Family {
    @Override
    public String name() {
        return "falcon_h1";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        config.allow("hidden_act", "silu", "swish"); // of the convolution too
        int width = config.integer("hidden_size");
        NormSpec norm = NormSpec.rms(config.number("rms_norm_eps", 1e-5));
        double[] mlpScales = config.numbers("mlp_multipliers", 1, 1);
        GatedMlpSpec mlp = new GatedMlpSpec(config.integer("intermediate_size"),
                Activation.named(config.string("hidden_act", "silu")), config.flag("mlp_bias", false), mlpScales[0],
                mlpScales[1]);
        ParallelSpec mixers = new ParallelSpec(List.of(
                new ParallelSpec.Branch("mamba", mamba(config, width), config.number("ssm_in_multiplier", 1), NormSpec.NONE,
                        config.number("ssm_out_multiplier", 1)),
                new ParallelSpec.Branch("attention", attention(config, width), config.number("attention_in_multiplier", 1),
                        NormSpec.NONE, config.number("attention_out_multiplier", 1))),
                ParallelSpec.Merge.ADD);
        LayerSpec block = SequenceSpec.of(ResidualSpec.of(norm, mixers), ResidualSpec.of(norm, mlp));
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0),
                new ModelSpec.EmbeddingSpec(config.number("embedding_multiplier", 1), NormSpec.NONE),
                Collections.nCopies(config.integer("num_hidden_layers"), block), Map.of(), norm,
                new ModelSpec.HeadSpec(config.flag("tie_word_embeddings", false), false,
                        config.number("lm_head_multiplier", 1), 0));
    }

    private static AttentionSpec attention(Config config, int width) {
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", width / heads);
        boolean bias = config.flag("attention_bias", false);
        return AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), headDim, RopeConfig.of(config, headDim))
                .withBias(bias, bias).withKeyScale(config.number("key_multiplier", 1));
    }

    private static Mamba2Spec mamba(Config config, int width) {
        int inner = config.integer("mamba_d_ssm", config.integer("mamba_expand", 2) * width);
        int heads = config.integer("mamba_n_heads");
        int headDim = config.isNumber("mamba_d_head") ? config.integer("mamba_d_head") : inner / heads;
        int groups = config.integer("mamba_n_groups", 1);
        boolean normed = config.flag("mamba_rms_norm", false);
        double[] limit = config.numbers("time_step_limit", 0, Double.POSITIVE_INFINITY);
        double[] s = config.numbers("ssm_multipliers", 1, 1, 1, 1, 1);
        return new Mamba2Spec(heads, headDim, config.integer("mamba_d_state"), groups, config.integer("mamba_d_conv", 4),
                config.integer("mamba_chunk_size", 256), config.flag("mamba_conv_bias", true),
                config.flag("mamba_proj_bias", false),
                config.flag("mamba_norm_before_gate", true) ? Mamba2Spec.Gate.NORM_THEN_GATE
                        : Mamba2Spec.Gate.GATE_THEN_NORM,
                normed ? NormSpec.rms(config.number("rms_norm_eps", 1e-5)) : NormSpec.NONE, normed ? groups : 1, limit[0],
                limit[1], new Mamba2Spec.Scales(s[0], s[1], s[2], s[3], s[4]));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.final_layernorm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            ParallelSpec mixers = (ParallelSpec) ((ResidualSpec) block.layers().get(0)).body();
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "pre_ff_layernorm.weight");
            Mamba2Names.bind(layer.at("0.mamba.", "mamba."), (Mamba2Spec) mixers.branches().get(0).layer());
            LlamaNames.attention(layer.at("0.attention.", "self_attn."), (AttentionSpec) mixers.branches().get(1).layer());
            LlamaNames.mlp(layer.at("1.", "feed_forward."), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }
}
