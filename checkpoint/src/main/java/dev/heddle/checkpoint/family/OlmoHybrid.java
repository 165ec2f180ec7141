package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// OLMo hybrid (Ai2 2026): three gated delta nets for each attention layer. Attention layers normalise what leaves their
/// bodies, and queries and keys over all heads; delta nets normalise what enters.
final class OlmoHybrid implements Family {
    /// The norm of each head's output; no configuration field tells it.
    private static final double HEAD_EPSILON = 1e-5;

    @Override
    public String name() {
        return "olmo_hybrid";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        NormSpec norm = NormSpec.rms(config.number("rms_norm_eps", 1e-6));
        Activation activation = Activation.named(config.string("hidden_act", "silu"));
        GatedMlpSpec mlp = GatedMlpSpec.of(config.integer("intermediate_size"), activation);
        LayerSpec attention = SequenceSpec.of(new ResidualSpec(NormSpec.NONE, attention(config, width, norm), norm, 1),
                new ResidualSpec(NormSpec.NONE, mlp, norm, 1));
        LayerSpec delta = SequenceSpec.of(ResidualSpec.of(norm, deltaNet(config, width, activation)),
                ResidualSpec.of(norm, mlp));
        List<LayerSpec> blocks = new ArrayList<>();
        for (boolean full : LayerTypes.fullAttention(config, 4)) {
            blocks.add(full ? attention : delta);
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    private static AttentionSpec attention(Config config, int width, NormSpec norm) {
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", width / heads);
        boolean bias = config.flag("attention_bias", false);
        boolean rotary = config.has("rope_theta") || config.sectionOrEmpty("rope_parameters").has("rope_theta");
        return AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), headDim,
                        rotary ? RopeConfig.of(config, headDim) : PositionSpec.NONE)
                .withBias(bias, bias).withQueryKeyNorm(norm, AttentionSpec.Span.ROW);
    }

    private static GatedDeltaNetSpec deltaNet(Config config, int width, Activation activation) {
        int heads = config.integer("num_attention_heads");
        int keyHeads = config.integer("linear_num_key_heads", heads);
        int keyDim = config.integer("linear_key_head_dim", (int) (0.75 * width / keyHeads));
        return new GatedDeltaNetSpec(keyHeads, config.integer("linear_num_value_heads", heads), keyDim,
                config.integer("linear_value_head_dim", 2 * keyDim), config.integer("linear_conv_kernel_dim", 4), activation,
                config.flag("linear_allow_neg_eigval", true) ? 2 : 1, NormSpec.rms(HEAD_EPSILON));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            LayerSpec mixer = ((ResidualSpec) block.layers().get(0)).body();
            if (mixer instanceof AttentionSpec attention) {
                layer.bind("0.post_norm.weight", first(layer, "post_attention_layernorm", "feedforward_layer_norm"));
                layer.bind("1.post_norm.weight", "post_feedforward_layernorm.weight");
                LlamaNames.attention(layer.at("0.", "self_attn."), attention);
                layer.bind("0.q_norm.weight", "self_attn.q_norm.weight").bind("0.k_norm.weight", "self_attn.k_norm.weight");
            } else {
                layer.bind("0.norm.weight", first(layer, "input_layernorm", "attention_layer_norm"));
                layer.bind("1.norm.weight", first(layer, "post_attention_layernorm", "feedforward_layer_norm"));
                deltaNet(layer.at("0.", "linear_attn."));
            }
            LlamaNames.mlp(layer.at("1.", "mlp."), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }

    /// Transformers' name of a norm, or OLMo-core's.
    private static String first(Binder layer, String transformers, String olmo) {
        return layer.has(olmo + ".weight") ? olmo + ".weight" : transformers + ".weight";
    }

    private static void deltaNet(Binder layer) {
        layer.bind("q.weight", "q_proj.weight").bind("k.weight", "k_proj.weight").bind("v.weight", "v_proj.weight");
        layer.bind("gate.weight", "g_proj.weight").bind("decay.weight", "a_proj.weight");
        layer.bind("rate.weight", "b_proj.weight");
        layer.bind("dt_bias", "dt_bias").bind("A_log", "A_log");
        layer.bind("head_norm.weight", "o_norm.weight").bind("out.weight", "o_proj.weight");
        if (layer.has("q_conv1d.weight")) {
            layer.bindJoined("conv.weight", "q_conv1d.weight", "k_conv1d.weight", "v_conv1d.weight");
        } else {
            layer.bind("conv.weight", "conv1d.weight");
        }
    }
}
