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
import dev.heddle.core.spec.ShortConvolutionSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// LFM2 (Liquid AI 2025): gated short convolutions and grouped-query attention with normalised heads, each followed by
/// a gated MLP.
final class Lfm2 implements Family {
    @Override
    public String name() {
        return "lfm2";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        GatedMlpSpec mlp = GatedMlpSpec.of(inner(config), Activation.SILU);
        return spec(config, name, name(), _ -> mlp);
    }

    /// The MLP's width; `block_auto_adjust_ff_dim` takes two thirds of it and rounds up.
    private static int inner(Config config) {
        int inner = config.integerAny("block_ff_dim", "intermediate_size");
        if (!config.flag("block_auto_adjust_ff_dim", true)) {
            return inner;
        }
        int adjusted = (int) (config.number("block_ffn_dim_multiplier", 1) * (2 * inner / 3));
        int multiple = config.integer("block_multiple_of", 256);
        return (adjusted + multiple - 1) / multiple * multiple;
    }

    /// @param channel what follows the mixer of a layer
    static ModelSpec spec(Config config, String name, String family, IntFunction<ChannelMixerSpec> channel) {
        int width = config.integer("hidden_size");
        NormSpec norm = NormSpec.rms(config.numberAnyOr(1e-5, "norm_eps", "block_norm_eps"));
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", width / heads);
        AttentionSpec attention = AttentionSpec
                .of(heads, config.integer("num_key_value_heads", heads), headDim, RopeConfig.of(config, headDim, 1e6, 1))
                .withQueryKeyNorm(norm);
        ShortConvolutionSpec convolution = new ShortConvolutionSpec(config.integer("conv_L_cache", 3),
                config.flag("conv_bias", false));
        List<LayerSpec> blocks = new ArrayList<>();
        for (String type : layerTypes(config)) {
            LayerSpec mixer = switch (type) {
                case "conv" -> convolution;
                case "full_attention" -> attention;
                default -> throw config.invalid("layer_types", "a list of conv and full_attention");
            };
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, channel.apply(blocks.size()))));
        }
        return new ModelSpec(name, family, config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flagAnyOr(true, "tie_embedding", "tie_word_embeddings")));
    }

    private static List<String> layerTypes(Config config) {
        int layers = config.integer("num_hidden_layers");
        // LFM2's own class attends everywhere if nothing is said; LFM2-MoE's has no such default
        if (config.has("layer_types") || !config.has("full_attn_idxs") && !config.string("model_type").equals("lfm2")) {
            List<String> types = config.strings("layer_types");
            if (types.size() != layers) {
                throw config.invalid("layer_types", layers + " of them");
            }
            return types;
        }
        int[] attentive = config.integers("full_attn_idxs", IntStream.range(0, layers).toArray());
        return IntStream.range(0, layers)
                .mapToObj(i -> Arrays.stream(attentive).anyMatch(index -> index == i) ? "full_attention" : "conv").toList();
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        for (int i = 0; i < spec.blocks().size(); i++) {
            mlp(bindLayer(spec, binder, i), (GatedMlpSpec) channel(spec, i));
        }
        bindEnds(spec, binder);
    }

    static void bindEnds(ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.embedding_norm.weight");
        LlamaNames.head(binder, spec.head().tied());
    }

    static LayerSpec channel(ModelSpec spec, int layer) {
        return ((ResidualSpec) ((SequenceSpec) spec.blocks().get(layer)).layers().get(1)).body();
    }

    /// Binds norms and mixer of a layer and returns the binder of what follows the mixer.
    static Binder bindLayer(ModelSpec spec, Binder binder, int i) {
        Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
        layer.bind("0.norm.weight", "operator_norm.weight").bind("1.norm.weight", "ffn_norm.weight");
        LayerSpec mixer = ((ResidualSpec) ((SequenceSpec) spec.blocks().get(i)).layers().get(0)).body();
        if (mixer instanceof ShortConvolutionSpec convolution) {
            convolution(layer.at("0.", "conv."), convolution, spec.width());
        } else {
            Binder attention = layer.at("0.", "self_attn.");
            attention.bind("q.weight", "q_proj.weight").bind("k.weight", "k_proj.weight").bind("v.weight", "v_proj.weight")
                    .bind("o.weight", "out_proj.weight").bind("q_norm.weight", "q_layernorm.weight")
                    .bind("k_norm.weight", "k_layernorm.weight");
        }
        return layer.at("1.", "feed_forward.");
    }

    private static void convolution(Binder layer, ShortConvolutionSpec spec, long width) {
        for (String kind : spec.bias() ? new String[] {"weight", "bias"} : new String[] {"weight"}) {
            layer.bindRows("in_b." + kind, "in_proj." + kind, 0, width);
            layer.bindRows("in_c." + kind, "in_proj." + kind, width, 2 * width);
            layer.bindRows("in_x." + kind, "in_proj." + kind, 2 * width, 3 * width);
        }
        layer.bindLinear("conv", "conv", spec.bias()).shaped("conv.weight", width, 1, spec.conv());
        layer.bindLinear("out_proj", "out_proj", spec.bias());
    }

    /// Gate, up and down are called w1, w3 and w2.
    static void mlp(Binder layer, GatedMlpSpec spec) {
        layer.bindLinear("gate", "w1", spec.bias()).bindLinear("up", "w3", spec.bias()).bindLinear("down", "w2", spec.bias());
    }
}
