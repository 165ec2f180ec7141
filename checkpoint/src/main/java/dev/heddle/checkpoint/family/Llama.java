package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.Map;

/// Llama (Touvron et al. 2023), the transformer baseline.
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
        int width = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", width / heads);
        boolean bias = config.flag("attention_bias", false);
        AttentionSpec attention = AttentionSpec
                .of(heads, config.integer("num_key_value_heads", heads), headDim, RopeConfig.of(config, headDim))
                .withBias(bias, bias).withWindow(window);
        GatedMlpSpec mlp = new GatedMlpSpec(config.integer("intermediate_size"),
                Activation.named(config.string("hidden_act", "silu")), config.flag("mlp_bias", false), 1, 1);
        NormSpec norm = NormSpec.rms(config.number("rms_norm_eps", 1e-6));
        SequenceSpec block = SequenceSpec.of(ResidualSpec.of(norm, attention), ResidualSpec.of(norm, mlp));
        return new ModelSpec(name, family, config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN,
                Collections.nCopies(config.integer("num_hidden_layers"), block), Map.of(), norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        bind(spec, binder);
    }

    static void bind(ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "post_attention_layernorm.weight");
            layer.ignore("self_attn.rotary_emb.inv_freq");
            LlamaNames.attention(layer.at("0.", "self_attn."), (AttentionSpec) ((ResidualSpec) block.layers().get(0)).body());
            LlamaNames.mlp(layer.at("1.", "mlp."), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }
}
