package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Granite 4 hybrids (IBM 2025): Mamba-2 layers and a few attention layers, each followed by a gated MLP or by experts
/// beside a shared one, with multipliers on embedding, attention scores, residual branches and logits.
final class Granite4 implements Family {
    @Override
    public String name() {
        return "granitemoehybrid";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        double epsilon = config.number("rms_norm_eps", 1e-6);
        NormSpec norm = NormSpec.rms(epsilon);
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", width / heads);
        boolean bias = config.flag("attention_bias", false);
        // null, "nope" and nothing mean none
        PositionSpec position = config.string("position_embedding_type", "nope").equals("rope")
                ? RopeConfig.of(config, headDim) : PositionSpec.NONE;
        AttentionSpec attention = AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), headDim, position)
                .withBias(bias, bias).withScale(config.number("attention_multiplier", 1));
        Mamba2Spec mamba = HybridMamba2Config.of(config, width, epsilon);
        ChannelMixerSpec channel = channel(config);
        double branch = config.number("residual_multiplier", 1);
        List<LayerSpec> blocks = new ArrayList<>();
        for (String type : layerTypes(config)) {
            LayerSpec mixer = switch (type) {
                case "linear_attention", "mamba" -> mamba;
                case "full_attention", "attention" -> attention;
                default -> throw config.invalid("layer_types",
                        "a list of linear_attention (mamba) and full_attention (attention)");
            };
            blocks.add(SequenceSpec.of(new ResidualSpec(norm, mixer, NormSpec.NONE, branch),
                    new ResidualSpec(norm, channel, NormSpec.NONE, branch)));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0),
                new ModelSpec.EmbeddingSpec(config.number("embedding_multiplier", 1), NormSpec.NONE), blocks, Map.of(), norm,
                new ModelSpec.HeadSpec(config.flag("tie_word_embeddings", false), false,
                        1 / config.number("logits_scaling", 1), 0));
    }

    private static List<String> layerTypes(Config config) {
        int layers = config.integer("num_hidden_layers");
        List<String> types = config.strings("layer_types", Collections.nCopies(layers, "mamba"));
        if (types.size() != layers) {
            throw config.invalid("layer_types", layers + " of them");
        }
        return types;
    }

    private static ChannelMixerSpec channel(Config config) {
        Activation activation = Activation.named(config.string("hidden_act", "silu"));
        GatedMlpSpec shared = GatedMlpSpec.of(config.integer("shared_intermediate_size", 1024), activation);
        int experts = config.integer("num_local_experts", 8);
        return experts == 0 ? shared
                : MixtureOfExpertsSpec.of(experts, config.integer("num_experts_per_tok", 2),
                        GatedMlpSpec.of(config.integer("intermediate_size"), activation), Router.softmaxOfChosen())
                        .withShared(shared);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "post_attention_layernorm.weight");
            if (((ResidualSpec) block.layers().get(0)).body() instanceof AttentionSpec attention) {
                LlamaNames.attention(layer.at("0.", "self_attn."), attention);
            } else {
                Mamba2Names.bind(layer.at("0.", "mamba."), (Mamba2Spec) ((ResidualSpec) block.layers().get(0)).body());
            }
            channel(layer, ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }

    private static void channel(Binder layer, LayerSpec channel, int width) {
        if (channel instanceof MixtureOfExpertsSpec moe) {
            Binder mixture = layer.at("1.", "block_sparse_moe.");
            mixture.bind("router.weight", "router.layer.weight");
            ExpertNames.stacked(mixture, moe, width, "input_linear.weight", "output_linear.weight");
            ExpertNames.fusedMlp(layer.at("1.shared.", "shared_mlp."),
                    (GatedMlpSpec) moe.shared().orElseThrow().expert(), "input_linear", "output_linear");
        } else {
            ExpertNames.fusedMlp(layer.at("1.", "shared_mlp."), (GatedMlpSpec) channel, "input_linear", "output_linear");
        }
    }
}
