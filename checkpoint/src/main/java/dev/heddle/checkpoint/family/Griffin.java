package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.RgLruSpec;
import java.util.Map;

/// Griffin and Hawk (De et al. 2024) under DeepMind's own names: gated linear recurrences, in Griffin with local
/// multi-query attention in every third block, in Hawk alone.
final class Griffin implements Family {
    @Override
    public String name() {
        return "griffin";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type")
                ? config.string("model_type").equals(name()) || config.string("model_type").equals("hawk")
                : config.has("block_types") && config.has("mlp_expanded_width");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("width");
        int heads = config.integer("num_heads");
        int headDim = width / heads;
        NormSpec norm = NormSpec.rmsUnitOffset(1e-6);
        // a query sees itself and attention_window_size keys before it; half of each head is rotated
        AttentionSpec attention = AttentionSpec.of(heads, 1, headDim, PositionSpec.Rotary.of(10000, headDim / 2))
                .withBias(false, true).withWindow(config.integer("attention_window_size", 2048) + 1);
        RgLruSpec recurrence = new RgLruSpec(config.integer("lru_width", width), heads,
                config.integer("conv1d_temporal_width", 4), Activation.GELU_TANH, true);
        return new ModelSpec(name, name(), config.integer("vocab_size"), width, 0,
                config.flag("embeddings_scale_by_sqrt_dim", true) ? GriffinBlocks.scaledEmbedding(width)
                        : ModelSpec.EmbeddingSpec.PLAIN,
                GriffinBlocks.of(config, config.strings("block_types"), norm, recurrence, attention,
                        config.integer("mlp_expanded_width"), Activation.GELU_TANH),
                Map.of(), norm, new ModelSpec.HeadSpec(true, false, 1, config.number("logits_soft_cap", 30)));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "embedder.input_embedding").bind("norm.weight", "final_norm.scale");
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder block = binder.at("blocks." + i + ".", "blocks." + i + ".");
            block.bind("0.norm.weight", "temporal_pre_norm.scale").bind("1.norm.weight", "channel_pre_norm.scale");
            if (GriffinBlocks.mixer(spec.blocks().get(i)) instanceof RgLruSpec recurrence) {
                bindRecurrence(block.at("0.", "recurrent_block."), recurrence);
            } else {
                Binder attention = block.at("0.", "attention_block.");
                attention.bind("q.weight", "proj_q.weight").bind("k.weight", "proj_k.weight").bind("v.weight", "proj_v.weight");
                attention.bindLinear("o", "proj_final", true);
            }
            Binder mlp = block.at("1.", "mlp_block.");
            mlp.bindTransposed("gate.weight", "ffw_up.w", 0).bindTransposed("up.weight", "ffw_up.w", 1);
            mlp.bindRows("gate.bias", "ffw_up.b", 0, 1).bindRows("up.bias", "ffw_up.b", 1, 2);
            mlp.bindLinear("down", "ffw_down", true);
        }
    }

    private static void bindRecurrence(Binder block, RgLruSpec spec) {
        block.bindLinear("in", "linear_x", true).bindLinear("gate", "linear_y", true).bindLinear("out", "linear_out", true);
        block.bindTransposed("conv.weight", "conv_1d.w").bind("conv.bias", "conv_1d.b");
        block.bind("lambda", "rg_lru.a_param");
        GriffinBlocks.bindGate(block, spec, "recurrence_gate", "rg_lru.a_gate.w", "rg_lru.a_gate.b");
        GriffinBlocks.bindGate(block, spec, "input_gate", "rg_lru.input_gate.w", "rg_lru.input_gate.b");
    }
}
