package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Llama (Touvron et al. 2023), the transformer baseline, and what its descendants share with it.
final class Llama implements Family {
    @Override
    public String name() {
        return "llama";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        return spec(config, name, name(), 0);
    }

    static ModelSpec spec(Config config, String name, String family, int window) {
        boolean bias = config.flag("attention_bias", false);
        AttentionSpec attention = attention(config, headDim(config), 10000).withBias(bias, bias).withWindow(window);
        GatedMlpSpec mlp = mlp(config);
        return model(config, name, family, _ -> attention, _ -> mlp);
    }

    static int headDim(Config config) {
        return config.integer("head_dim", config.integer("hidden_size") / config.integer("num_attention_heads"));
    }

    /// Rotary attention without biases.
    static AttentionSpec attention(Config config, int headDim, double defaultTheta) {
        int heads = config.integer("num_attention_heads");
        return AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), headDim,
                RopeConfig.of(config, headDim, defaultTheta, 1));
    }

    static GatedMlpSpec mlp(Config config) {
        return new GatedMlpSpec(config.integer("intermediate_size"), Activation.named(config.string("hidden_act", "silu")),
                config.flag("mlp_bias", false), 1, 1);
    }

    static NormSpec norm(Config config) {
        return NormSpec.rms(config.number("rms_norm_eps", 1e-6));
    }

    /// Pre-normed residuals around attention and a channel mixer, which may differ from layer to layer.
    static ModelSpec model(Config config, String name, String family, IntFunction<AttentionSpec> attention,
            IntFunction<ChannelMixerSpec> channel) {
        NormSpec norm = norm(config);
        List<LayerSpec> blocks = IntStream.range(0, config.integer("num_hidden_layers")).<LayerSpec>mapToObj(
                i -> SequenceSpec.of(ResidualSpec.of(norm, attention.apply(i)), ResidualSpec.of(norm, channel.apply(i)))).toList();
        return new ModelSpec(name, family, config.integer("vocab_size"), config.integer("hidden_size"),
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        bind(spec, binder);
    }

    /// With gated MLPs under `mlp`.
    static void bind(ModelSpec spec, Binder binder) {
        bind(spec, binder, (layer, channel) -> LlamaNames.mlp(layer.at("", "mlp."), (GatedMlpSpec) channel));
    }

    interface ChannelNames {
        /// @param layer at the channel mixer's parameters and the layer's tensors
        void bind(Binder layer, ChannelMixerSpec channel);
    }

    static void bind(ModelSpec spec, Binder binder, ChannelNames channels) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            ResidualSpec mixer = (ResidualSpec) block.layers().get(0);
            ResidualSpec channel = (ResidualSpec) block.layers().get(1);
            AttentionSpec attention = (AttentionSpec) mixer.body();
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.ignore("self_attn.rotary_emb.inv_freq");
            LlamaNames.attention(layer.at("0.", "self_attn."), attention);
            if (!attention.queryKeyNorm().isNone()) {
                layer.bind("0.q_norm.weight", "self_attn.q_norm.weight").bind("0.k_norm.weight", "self_attn.k_norm.weight");
            }
            channels.bind(layer.at("1.", ""), (ChannelMixerSpec) channel.body());
            layer.bind("0.norm.weight", "input_layernorm.weight");
            if (mixer.postNorm().isNone()) {
                layer.bind("1.norm.weight", "post_attention_layernorm.weight");
            } else {
                // Gemma 2 and 3 norm what leaves a sub-layer, too
                layer.bind("0.post_norm.weight", "post_attention_layernorm.weight");
                layer.bind("1.norm.weight", "pre_feedforward_layernorm.weight");
                layer.bind("1.post_norm.weight", "post_feedforward_layernorm.weight");
            }
        }
    }
}
