package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Mamba-2 hybrids in Megatron-LM's form (Waleffe et al. 2024, "An Empirical Study of Mamba-based Language Models"): one
/// sub-layer a letter of the pattern, M for Mamba-2, * for attention without positions, - for an MLP.
///
/// The published model has an ungated MLP with GELU; `swiglu` and `squared_relu` are Megatron's flags for others. Norms
/// lie in the projection that follows them (`layer_norm_weight`), those of Mamba-2 in the first checkpoints beside it.
final class MegatronHybrid implements Family {
    @Override
    public String name() {
        return "megatron_mamba_hybrid";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.hasAny("hybrid_layer_pattern", "hybrid_override_pattern") && config.has("mamba_state_dim");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        NormSpec norm = NormSpec.rms(config.numberAnyOr(1e-5, "layernorm_epsilon", "norm_epsilon"));
        if (!config.string("normalization", "RMSNorm").equals("RMSNorm")) {
            throw config.invalid("normalization", "RMSNorm");
        }
        if (config.flag("add_bias_linear", false)) {
            throw config.invalid("add_bias_linear", "false");
        }
        List<LayerSpec> blocks = new ArrayList<>();
        String pattern = config.stringAny("pattern", "hybrid_layer_pattern", "hybrid_override_pattern");
        for (char letter : pattern.toCharArray()) {
            blocks.add(ResidualSpec.of(norm, switch (letter) {
                case 'M' -> mamba(config, width);
                case '*' -> attention(config, width);
                case '-' -> mlp(config, width);
                default -> throw new CheckpointException(config.origin() + ": the pattern " + pattern
                        + " has the letter '" + letter + "', expected M, * and -");
            }));
        }
        return new ModelSpec(name, name(), config.integerAny("padded_vocab_size", "vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(!config.flag("untie_embeddings_and_output_weights", true)));
    }

    private static Mamba2Spec mamba(Config config, int width) {
        int inner = config.integer("expand", 2) * width;
        int headDim = config.integer("mamba_head_dim", 64);
        int groups = config.integer("mamba_num_groups", 8);
        return new Mamba2Spec(inner / headDim, headDim, config.integer("mamba_state_dim", 128), groups,
                config.integer("d_conv", 4), config.integer("chunk_size", 128), true, false, Mamba2Spec.Gate.GATE_THEN_NORM,
                NormSpec.rms(1e-5), groups, 0, Double.POSITIVE_INFINITY, Mamba2Spec.Scales.ONE);
    }

    private static AttentionSpec attention(Config config, int width) {
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("kv_channels", width / heads);
        PositionSpec position = switch (config.string("position_embedding_type", "none")) {
            case "none" -> PositionSpec.NONE;
            case "rope" -> PositionSpec.Rotary.of(config.number("rotary_base", 10000),
                    (int) (headDim * config.number("rotary_percent", 1)));
            default -> throw config.invalid("position_embedding_type", "none or rope");
        };
        return AttentionSpec.of(heads, config.integer("num_query_groups", heads), headDim, position);
    }

    private static LayerSpec mlp(Config config, int width) {
        int inner = config.integer("ffn_hidden_size", 4 * width);
        if (config.flag("swiglu", false)) {
            return GatedMlpSpec.of(inner, Activation.SILU);
        }
        return new MlpSpec(inner, config.flag("squared_relu", false) ? Activation.RELU_SQUARED : Activation.GELU, false);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "embedding.word_embeddings.weight").bind("norm.weight", "decoder.final_norm.weight");
        if (spec.head().tied()) {
            binder.ignore("output_layer.weight");
        } else {
            binder.bind("head.weight", "output_layer.weight");
        }
        ignoreScalingFactors(binder, "decoder.final_norm", "output_layer");
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = binder.at("blocks." + i + ".", "decoder.layers." + i + ".");
            ignoreScalingFactors(layer, "norm", "mixer.in_proj", "mixer.norm", "mixer.out_proj", "self_attention.linear_qkv",
                    "self_attention.core_attention", "self_attention.linear_proj", "mlp.linear_fc1", "mlp.linear_fc2");
            switch (((ResidualSpec) spec.blocks().get(i)).body()) {
                case Mamba2Spec mamba -> mamba(layer, mamba);
                case AttentionSpec attention -> attention(layer, attention);
                case GatedMlpSpec mlp -> {
                    layer.bind("norm.weight", "mlp.linear_fc1.layer_norm_weight");
                    ExpertNames.fusedMlp(layer.at("", "mlp."), mlp, "linear_fc1", "linear_fc2");
                }
                default -> layer.bind("norm.weight", "mlp.linear_fc1.layer_norm_weight")
                        .bind("up.weight", "mlp.linear_fc1.weight").bind("down.weight", "mlp.linear_fc2.weight");
            }
        }
    }

    private static void mamba(Binder layer, Mamba2Spec spec) {
        String fused = "mixer.in_proj.layer_norm_weight";
        layer.bind("norm.weight", layer.has(fused) ? fused : "norm.weight");
        Binder mixer = layer.at("", "mixer.");
        Mamba2Names.bind(mixer, spec, mixer.has("conv1d_weight") ? "conv1d_" : "conv1d.");
    }

    /// Transformer Engine keeps scaling factors of 8-bit training beside the weights of a module.
    private static void ignoreScalingFactors(Binder binder, String... modules) {
        for (String module : modules) {
            binder.ignore(module + "._extra_state");
        }
    }

    /// One matrix with the rows of each group of queries side by side: its query heads, its key, its value.
    private static void attention(Binder layer, AttentionSpec spec) {
        layer.bind("norm.weight", "self_attention.linear_qkv.layer_norm_weight");
        int head = spec.headDim();
        int queries = spec.heads() / spec.kvHeads();
        int group = (queries + 2) * head;
        layer.bindRows("q.weight", "self_attention.linear_qkv.weight", rows(spec.kvHeads(), group, 0, queries * head));
        layer.bindRows("k.weight", "self_attention.linear_qkv.weight", rows(spec.kvHeads(), group, queries * head, head));
        layer.bindRows("v.weight", "self_attention.linear_qkv.weight",
                rows(spec.kvHeads(), group, (queries + 1) * head, head));
        layer.bind("o.weight", "self_attention.linear_proj.weight");
    }

    /// `count` rows from `from` on in every group.
    private static int[] rows(int groups, int group, int from, int count) {
        int[] rows = new int[groups * count];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i / count * group + from + i % count;
        }
        return rows;
    }
}
