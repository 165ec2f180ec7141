package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.RgLruSpec;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// RecurrentGemma (Botev et al. 2024), Griffin as Transformers publishes it: two recurrent blocks, then one with local
/// attention.
final class RecurrentGemma implements Family {
    @Override
    public String name() {
        return "recurrent_gemma";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.has("block_types") && config.has("attention_window_size") && config.has("hidden_size");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        int headDim = width / heads;
        Activation activation = Activation.named(config.string("hidden_activation", "gelu_pytorch_tanh"));
        NormSpec norm = NormSpec.rmsUnitOffset(config.number("rms_norm_eps", 1e-6));
        AttentionSpec attention = AttentionSpec
                .of(heads, config.integer("num_key_value_heads", heads), headDim, RopeConfig.of(config, headDim, 10000, 0.5))
                .withBias(config.flag("attention_bias", false), true).withWindow(config.integer("attention_window_size", 2048));
        RgLruSpec recurrence = new RgLruSpec(config.integer("lru_width", width), heads, config.integer("conv1d_width", 4),
                activation, true);
        List<String> pattern = config.strings("block_types", List.of("recurrent", "recurrent", "attention"));
        List<String> types = IntStream.range(0, config.integer("num_hidden_layers"))
                .mapToObj(i -> pattern.get(i % pattern.size())).toList();
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0, GriffinBlocks.scaledEmbedding(width),
                // intermediate_size counts the gate and the linear branch together
                GriffinBlocks.of(config, types, norm, recurrence, attention, config.integer("intermediate_size") / 2, activation),
                Map.of(), norm, new ModelSpec.HeadSpec(config.flag("tie_word_embeddings", true), false, 1,
                        config.number("logits_soft_cap", 30)));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.final_norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "temporal_pre_norm.weight").bind("1.norm.weight", "channel_pre_norm.weight");
            Binder temporal = layer.at("0.", "temporal_block.");
            if (GriffinBlocks.mixer(spec.blocks().get(i)) instanceof RgLruSpec recurrence) {
                temporal.bindLinear("in", "linear_x", true).bindLinear("gate", "linear_y", true)
                        .bindLinear("out", "linear_out", true).bindLinear("conv", "conv_1d", true)
                        .bind("lambda", "rg_lru.recurrent_param");
                GriffinBlocks.bindGate(temporal, recurrence, "recurrence_gate", "rg_lru.recurrent_gate_weight",
                        "rg_lru.recurrent_gate_bias");
                GriffinBlocks.bindGate(temporal, recurrence, "input_gate", "rg_lru.input_gate_weight", "rg_lru.input_gate_bias");
            } else {
                LlamaNames.attention(temporal, (AttentionSpec) GriffinBlocks.mixer(spec.blocks().get(i)));
                temporal.ignore("rotary_emb.inv_freq");
            }
            LlamaNames.mlp(layer.at("1.", "mlp_block."), GriffinBlocks.mlp(spec.blocks().get(i)));
        }
    }
}
