package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Bamba (IBM, Princeton, CMU, UIUC 2024): Mamba-2 layers, a few of them attention that rotates half of each head, each
/// followed by a gated MLP.
final class Bamba implements Family {
    @Override
    public String name() {
        return "bamba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        double epsilon = config.number("rms_norm_eps", 1e-5);
        NormSpec norm = NormSpec.rms(epsilon);
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", width / heads);
        boolean bias = config.flag("attention_bias", false);
        AttentionSpec attention = AttentionSpec
                .of(heads, config.integer("num_key_value_heads", heads), headDim, RopeConfig.of(config, headDim, 10000, 0.5))
                .withBias(bias, bias);
        Mamba2Spec mamba = HybridMamba2Config.of(config, width, epsilon);
        GatedMlpSpec mlp = new GatedMlpSpec(config.integer("intermediate_size"),
                Activation.named(config.string("hidden_act", "silu")), config.flag("mlp_bias", false), 1, 1);
        int[] attentive = config.integers("attn_layer_indices", new int[0]);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            int layer = i;
            boolean attends = Arrays.stream(attentive).anyMatch(index -> index == layer);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, attends ? attention : mamba), ResidualSpec.of(norm, mlp)));
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
            if (((ResidualSpec) block.layers().get(0)).body() instanceof AttentionSpec attention) {
                LlamaNames.attention(layer.at("0.", "self_attn."), attention);
            } else {
                Mamba2Names.bind(layer.at("0.", "mamba."), (Mamba2Spec) ((ResidualSpec) block.layers().get(0)).body());
            }
            LlamaNames.mlp(layer.at("1.", "feed_forward."), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }
}
