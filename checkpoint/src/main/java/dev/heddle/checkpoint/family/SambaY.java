package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.AttentionSpec.Differential;
import dev.heddle.core.spec.AttentionSpec.KeyValueSource;
import dev.heddle.core.spec.GatedMemoryUnitSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// SambaY (Ren et al. 2025), published as Phi-4-mini-flash: a first half of Mamba and differential sliding-window attention;
/// then a Mamba layer whose scan output and a full attention layer whose keys and values all later layers read, as gated
/// memory units and cross attentions in turn.
final class SambaY implements Family {
    private static final String MEMORY = "memory";
    private static final double HEAD_EPSILON = 1e-5;

    @Override
    public String name() {
        return "phi4flash";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        int layers = config.integer("num_hidden_layers");
        int period = config.integer("mb_per_layer", 2);
        int half = layers / 2;
        if (period < 1 || half % period != 0) {
            throw config.invalid("mb_per_layer", "a divisor of half the layers, so that the middle one is a Mamba layer");
        }
        NormSpec norm = NormSpec.layer(config.number("layer_norm_eps", 1e-5));
        GatedMlpSpec mlp = new GatedMlpSpec(config.integer("intermediate_size"),
                Activation.named(config.string("hidden_act", "silu")), config.flag("mlp_bias", false), 1, 1);
        int rank = config.isNumber("mamba_dt_rank") ? config.integer("mamba_dt_rank") : (width + 15) / 16;
        boolean projectionBias = config.flag("mamba_proj_bias", false);
        Mamba1Spec mamba = new Mamba1Spec(config.integer("mamba_expand", 2) * width, config.integer("mamba_d_state", 16),
                config.integer("mamba_d_conv", 4), rank, config.flag("mamba_conv_bias", true), projectionBias,
                NormSpec.NONE);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            MixerSpec mixer = i % period != 0 ? attention(config, width, i, half)
                    : i < half ? mamba
                    : i == half ? mamba.withPublished(MEMORY)
                    : new GatedMemoryUnitSpec(mamba.inner(), MEMORY, projectionBias);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, mlp)));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                new ModelSpec.HeadSpec(config.flag("tie_word_embeddings", true), config.flag("lm_head_bias", false), 1, 0));
    }

    private static AttentionSpec attention(Config config, int width, int layer, int half) {
        int heads = config.integer("num_attention_heads");
        AttentionSpec attention = AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), width / heads,
                        PositionSpec.NONE).withBias(true, true)
                .withDifferential(new Differential(0.8 - 0.6 * Math.exp(-0.3 * layer), NormSpec.rms(HEAD_EPSILON)));
        if (layer < half) {
            return attention.withWindow(window(config, layer));
        }
        return attention.withKeyValues(layer == half + 1 ? new KeyValueSource.Published(MEMORY)
                : new KeyValueSource.Earlier(MEMORY));
    }

    /// `sliding_window`, one number or one for each layer.
    private static int window(Config config, int layer) {
        if (!config.isList("sliding_window")) {
            return config.integer("sliding_window");
        }
        JsonNode window = config.json().get("sliding_window").path(layer);
        if (!window.isNull() && !window.isInt()) {
            throw config.invalid("sliding_window", "a whole number, or a list of one or null for each layer");
        }
        return window.asInt(0);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bindLinear("norm", "model.final_layernorm", true);
        LlamaNames.head(binder, spec.head().tied());
        if (spec.head().bias()) {
            binder.bind("head.bias", "lm_head.bias");
        }
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bindLinear("0.norm", "input_layernorm", true).bindLinear("1.norm", "post_attention_layernorm", true);
            mixer(layer.at("0.", "attn."), ((ResidualSpec) block.layers().get(0)).body());
            mlp(layer.at("1.", "mlp."), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }

    private static void mixer(Binder layer, LayerSpec mixer) {
        if (mixer instanceof AttentionSpec attention) {
            attention(layer, attention);
        } else if (mixer instanceof GatedMemoryUnitSpec unit) {
            layer.bindLinear("in", "in_proj", unit.bias()).bindLinear("out", "out_proj", unit.bias());
        } else {
            Mamba1Names.bind(layer, (Mamba1Spec) mixer);
        }
    }

    /// `Wqkv` holds queries, keys and values; the two heads of a pair are neighbours.
    private static void attention(Binder layer, AttentionSpec spec) {
        int head = spec.headDim();
        rows(layer, "q", 0, pairs(spec.heads(), head));
        if (!spec.readsEarlierKeyValues()) {
            int queries = spec.heads() * head;
            int keys = spec.kvHeads() * head;
            rows(layer, "k", queries, pairs(spec.kvHeads(), head));
            rows(layer, "v", queries + keys, RowParts.of(1, keys, 0, spec.kvHeads() * spec.valueDim()));
        }
        layer.bindLinear("o", "out_proj", true);
        for (String vector : List.of("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")) {
            layer.bind(vector, "inner_cross_attn." + vector);
        }
        layer.bind("head_norm.weight", "inner_cross_attn.subln.weight");
    }

    /// Rows of the first heads of all pairs, then of the second ones.
    private static int[] pairs(int heads, int head) {
        int[] first = RowParts.of(heads / 2, 2 * head, 0, head);
        int[] rows = new int[heads * head];
        for (int i = 0; i < first.length; i++) {
            rows[i] = first[i];
            rows[first.length + i] = first[i] + head;
        }
        return rows;
    }

    private static void rows(Binder layer, String name, int offset, int[] rows) {
        int[] shifted = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            shifted[i] = offset + rows[i];
        }
        layer.bindRows(name + ".weight", "Wqkv.weight", shifted).bindRows(name + ".bias", "Wqkv.bias", shifted);
    }

    private static void mlp(Binder layer, GatedMlpSpec spec) {
        long inner = spec.inner();
        layer.bindRows("gate.weight", "fc1.weight", 0, inner).bindRows("up.weight", "fc1.weight", inner, 2 * inner);
        if (spec.bias()) {
            layer.bindRows("gate.bias", "fc1.bias", 0, inner).bindRows("up.bias", "fc1.bias", inner, 2 * inner);
        }
        layer.bindLinear("down", "fc2", spec.bias());
    }
}
