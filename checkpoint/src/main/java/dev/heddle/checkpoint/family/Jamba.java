package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Jamba (Lieber et al. 2024): one attention layer in eight among Mamba layers with inner norms, experts in every
/// other MLP, no positional encoding.
final class Jamba implements Family {
    @Override
    public String name() {
        return "jamba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.has("attn_layer_period") && config.has("expert_layer_period");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        config.allow("hidden_act", "silu", "swish"); // of the convolution too
        int width = config.integer("hidden_size");
        double epsilon = config.number("rms_norm_eps", 1e-6);
        NormSpec norm = NormSpec.rms(epsilon);
        int heads = config.integer("num_attention_heads");
        AttentionSpec attention = AttentionSpec.of(heads, config.integer("num_key_value_heads", heads),
                config.integer("head_dim", width / heads), PositionSpec.NONE);
        int rank = config.isNumber("mamba_dt_rank") ? config.integer("mamba_dt_rank") : (width + 15) / 16;
        Mamba1Spec mamba = new Mamba1Spec(config.integer("mamba_expand", 2) * width, config.integer("mamba_d_state", 16),
                config.integer("mamba_d_conv", 4), rank, config.flag("mamba_conv_bias", true),
                config.flag("mamba_proj_bias", false), norm);
        GatedMlpSpec mlp = GatedMlpSpec.of(config.integer("intermediate_size"),
                Activation.named(config.string("hidden_act", "silu")));
        int experts = config.integer("num_experts", 16);
        ChannelMixerSpec moe = experts == 1 ? mlp
                : MixtureOfExpertsSpec.of(experts, config.integer("num_experts_per_tok", 2), mlp, Router.softmax());
        int attentionPeriod = config.integer("attn_layer_period", 8);
        int attentionOffset = config.integer("attn_layer_offset", 4);
        int expertPeriod = config.integer("expert_layer_period", 2);
        int expertOffset = config.integer("expert_layer_offset", 1);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            MixerSpec mixer = i % attentionPeriod == attentionOffset ? attention : mamba;
            ChannelMixerSpec channel = i % expertPeriod == expertOffset ? moe : mlp;
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, channel)));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.final_layernorm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "pre_ff_layernorm.weight");
            LayerSpec mixer = ((ResidualSpec) block.layers().get(0)).body();
            if (mixer instanceof AttentionSpec attention) {
                LlamaNames.attention(layer.at("0.", "self_attn."), attention);
            } else {
                Binder mamba = layer.at("0.", "mamba.");
                Mamba1Names.bind(mamba, (Mamba1Spec) mixer);
                mamba.bind("dt_norm.weight", "dt_layernorm.weight").bind("b_norm.weight", "b_layernorm.weight")
                        .bind("c_norm.weight", "c_layernorm.weight");
            }
            channel(layer.at("1.", "feed_forward."), ((ResidualSpec) block.layers().get(1)).body());
        }
    }

    private static void channel(Binder layer, LayerSpec channel) {
        if (channel instanceof MixtureOfExpertsSpec moe) {
            layer.bind("router.weight", "router.weight");
            for (int e = 0; e < moe.experts(); e++) {
                LlamaNames.mlp(layer.at("experts." + e + ".", "experts." + e + "."), (GatedMlpSpec) moe.expert());
            }
        } else {
            LlamaNames.mlp(layer, (GatedMlpSpec) channel);
        }
    }
}
