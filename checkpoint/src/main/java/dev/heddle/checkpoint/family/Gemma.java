package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
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

/// Gemma (Gemma Team 2024): Llama with a tied embedding scaled by √D, a GELU gate, norm weights stored as w − 1 and heads
/// wider than their share of the model.
final class Gemma implements Family {
    @Override
    public String name() {
        return "gemma";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        boolean bias = config.flag("attention_bias", false);
        AttentionSpec attention = Llama.attention(config, config.integer("head_dim", 256), 10000).withBias(bias, bias);
        return model(config, name, name(), NormSpec.NONE, _ -> attention, 0);
    }

    static NormSpec norm(Config config) {
        return NormSpec.rmsUnitOffset(config.number("rms_norm_eps", 1e-6));
    }

    /// @param postNorm norm of what leaves each sub-layer
    /// @param softcap  of the logits; 0 for none
    static ModelSpec model(Config config, String name, String family, NormSpec postNorm, IntFunction<AttentionSpec> attention,
            double softcap) {
        if (config.flag("use_bidirectional_attention", false)) {
            throw config.invalid("use_bidirectional_attention", "false: a language model reads from left to right");
        }
        NormSpec norm = norm(config);
        GatedMlpSpec mlp = GatedMlpSpec.of(config.integer("intermediate_size"),
                Activation.named(config.stringAnyOr("gelu_pytorch_tanh", "hidden_activation", "hidden_act")));
        List<LayerSpec> blocks = IntStream.range(0, config.integer("num_hidden_layers")).<LayerSpec>mapToObj(
                i -> SequenceSpec.of(new ResidualSpec(norm, attention.apply(i), postNorm, 1),
                        new ResidualSpec(norm, mlp, postNorm, 1))).toList();
        int width = config.integer("hidden_size");
        return new ModelSpec(name, family, config.integer("vocab_size"), width, config.integer("max_position_embeddings", 0),
                new ModelSpec.EmbeddingSpec(Math.sqrt(width), NormSpec.NONE), blocks, Map.of(), norm,
                new ModelSpec.HeadSpec(config.flag("tie_word_embeddings", true), false, 1, softcap));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        Llama.bind(spec, binder);
    }
}
