package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.AttentionSpec.KeyValueSource;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RopeScaling;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Hymba (Dong et al. 2024): attention and Mamba heads side by side in every layer, whose normed outputs are averaged and
/// projected together; meta tokens before every sequence, which sliding windows keep in sight; neighbouring layers share
/// keys and values.
final class Hymba implements Family {
    @Override
    public String name() {
        return "hymba";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        check(config);
        int width = config.integer("hidden_size");
        NormSpec norm = NormSpec.rms(config.number("rms_norm_eps", 1e-6));
        int inner = config.integer("mamba_expand", 2) * width;
        int rank = config.isNumber("mamba_dt_rank") ? config.integer("mamba_dt_rank") : (width + 15) / 16;
        Mamba1Spec mamba = new Mamba1Spec(inner, config.integer("mamba_d_state", 16), config.integer("mamba_d_conv", 4),
                rank, config.flag("mamba_conv_bias", true), false,
                config.flag("mamba_inner_layernorms", true) ? norm : NormSpec.NONE)
                .withoutOutputProjection();
        AttentionSpec global = attention(config, width, inner);
        // a window of W in the configuration means W keys before the query's own
        AttentionSpec local = config.has("sliding_window") ? global.withWindow(config.integer("sliding_window") + 1)
                : global;
        GatedMlpSpec mlp = GatedMlpSpec.of(config.integer("intermediate_size"),
                Activation.named(config.stringAnyOr("silu", "mlp_hidden_act", "hidden_act")));
        int layers = config.integer("num_hidden_layers");
        int[] globals = config.integers("global_attn_idx", new int[0]);
        KeyValueSource[] sources = sources(config, layers);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            int layer = i;
            AttentionSpec attention = (Arrays.stream(globals).anyMatch(g -> g == layer) ? global : local)
                    .withKeyValues(sources[i]);
            ParallelSpec heads = new ParallelSpec(List.of(
                    new ParallelSpec.Branch("attention", attention, 1, norm, 1),
                    new ParallelSpec.Branch("mamba", mamba, 1, norm, 1)), ParallelSpec.Merge.MEAN, inner);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, heads), ResidualSpec.of(norm, mlp)));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0),
                new ModelSpec.EmbeddingSpec(1, NormSpec.NONE, config.integer("num_memory_tokens", 0)), blocks, Map.of(),
                norm, ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    private static void check(Config config) {
        if (!config.string("variant", "hf").equals("hf")) {
            throw config.invalid("variant", "\"hf\"");
        }
        if (config.integer("num_experts", 1) != 1) {
            throw config.invalid("num_experts", "1");
        }
        if (config.integer("num_mamba", 1) != 1) {
            throw config.invalid("num_mamba", "1");
        }
        if (!config.string("kq_norm", "none").equals("none")) {
            throw config.invalid("kq_norm", "\"none\"");
        }
        if (config.integer("memory_tokens_interspersed_every", 0) != 0) {
            throw config.invalid("memory_tokens_interspersed_every", "0");
        }
        if (config.flag("mamba_proj_bias", false)) {
            throw config.invalid("mamba_proj_bias", "false");
        }
    }

    private static AttentionSpec attention(Config config, int width, int inner) {
        int heads = config.integer("num_attention_heads");
        int keyDim = positive(config, "kq_head_dim", width / heads);
        return AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), keyDim, position(config, keyDim))
                .withValueDim(positive(config, "v_head_dim", inner / heads))
                .withSinks(config.integer("num_memory_tokens", 0)).withoutOutputProjection();
    }

    /// A field where −1 means that it follows from others.
    private static int positive(Config config, String field, int otherwise) {
        int value = config.integer(field, -1);
        return value > 0 ? value : otherwise;
    }

    private static PositionSpec position(Config config, int headDim) {
        if (!config.flag("rope", false)) {
            return PositionSpec.NONE;
        }
        RopeScaling scaling = switch (config.string("rope_type", "default")) {
            case "default" -> RopeScaling.NONE;
            case "ntk" -> new RopeScaling.Ntk(2.0 * config.integer("max_position_embeddings")
                    / config.integer("orig_max_position_embeddings") - 1);
            default -> throw config.invalid("rope_type", "\"default\" or \"ntk\"");
        };
        return new PositionSpec.Rotary(config.number("rope_theta", 10000), headDim, false, scaling);
    }

    /// Each group in `kv_reuse_group` reads the keys and values of its first layer.
    private static KeyValueSource[] sources(Config config, int layers) {
        KeyValueSource[] sources = new KeyValueSource[layers];
        Arrays.fill(sources, KeyValueSource.OWN);
        if (!config.has("kv_reuse_group")) {
            return sources;
        }
        for (int[] group : config.integerLists("kv_reuse_group")) {
            for (int i = 0; i < group.length; i++) {
                if (group[i] < 0 || group[i] >= layers || group[i] < group[0]) {
                    throw config.invalid("kv_reuse_group", "groups of layers below " + layers
                            + ", the first of each lowest");
                }
                String name = "layer " + group[0];
                sources[group[i]] = i == 0 ? new KeyValueSource.Published(name) : new KeyValueSource.Earlier(name);
            }
        }
        return sources;
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.final_layernorm.weight");
        if (spec.embedding().metaTokens() > 0) {
            binder.bind("meta_tokens", "model.memory_tokens");
        }
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            ParallelSpec heads = (ParallelSpec) ((ResidualSpec) block.layers().get(0)).body();
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "pre_moe_layernorm.weight");
            mixers(layer.at("0.", "mamba."), (AttentionSpec) heads.branches().get(0).layer(),
                    (Mamba1Spec) heads.branches().get(1).layer());
            LlamaNames.mlp(layer.at("1.", "moe.experts.0."), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }

    /// `in_proj` holds queries, keys and values unless they are an earlier layer's, the scan's input and its gate.
    private static void mixers(Binder layer, AttentionSpec attention, Mamba1Spec mamba) {
        String in = "in_proj.weight";
        long row = (long) attention.heads() * attention.headDim();
        layer.bindRows("attention.q.weight", in, 0, row);
        if (!attention.readsEarlierKeyValues()) {
            long keys = row + (long) attention.kvHeads() * attention.headDim();
            long values = keys + (long) attention.kvHeads() * attention.valueDim();
            layer.bindRows("attention.k.weight", in, row, keys).bindRows("attention.v.weight", in, keys, values);
            row = values;
        }
        long inner = mamba.inner();
        layer.bindRows("mamba.in_x.weight", in, row, row + inner);
        layer.bindRows("mamba.in_z.weight", in, row + inner, row + 2 * inner);
        layer.bindLinear("mamba.conv", "conv1d", mamba.convBias()).bind("mamba.x_proj.weight", "x_proj.0.weight");
        layer.bindLinear("mamba.dt_proj", "dt_proj.0", true).bind("mamba.A_log", "A_log.0").bind("mamba.D", "D.0");
        if (!mamba.innerNorm().isNone()) {
            layer.bind("mamba.dt_norm.weight", "dt_layernorm.weight").bind("mamba.b_norm.weight", "B_layernorm.weight")
                    .bind("mamba.c_norm.weight", "C_layernorm.weight");
        }
        layer.bind("attention.branch_norm.weight", "pre_avg_layernorm1.weight")
                .bind("mamba.branch_norm.weight", "pre_avg_layernorm2.weight").bind("out.weight", "out_proj.weight");
    }
}
