package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.NormedSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Zamba2 (Glorioso et al. 2024b): Mamba-2 layers and one or two shared transformer blocks that take turns, each use
/// with low-rank adapters of its own.
///
/// Configurations come in two dialects: Zyphra's (`lora_rank`, `state_size`, `ffn_hidden_size`, layer letters) and
/// Transformers' (`adapter_rank`, `mamba_d_state`, `intermediate_size`).
final class Zamba2 implements Family {
    @Override
    public String name() {
        return "zamba2";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.has("num_mem_blocks") && config.has("hybrid_layer_ids");
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        int width = config.integer("hidden_size");
        double epsilon = config.number("rms_norm_eps", 1e-5);
        NormSpec norm = NormSpec.rms(epsilon);
        List<Boolean> hybrid = hybrid(config);
        int count = config.integer("num_mem_blocks", 1);
        Map<String, LayerSpec> shared = new LinkedHashMap<>();
        for (int block = 0; block < count; block++) {
            shared.put(ZambaNames.block(block), transformer(config, width, norm));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), width,
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN,
                ZambaNames.blocks(hybrid, count, norm, mamba(config, width)), shared, norm,
                ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", true)));
    }

    private static List<Boolean> hybrid(Config config) {
        if (config.has("layers_block_type")) {
            return config.strings("layers_block_type").stream()
                    .map(type -> ZambaNames.isHybrid(config, "layers_block_type", type)).toList();
        }
        List<Boolean> hybrid = new ArrayList<>();
        List<Integer> ids = Arrays.stream(config.integers("hybrid_layer_ids")).boxed().toList();
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            hybrid.add(ids.contains(i));
        }
        return hybrid;
    }

    private static Mamba2Spec mamba(Config config, int width) {
        int inner = (int) (config.numberAnyOr(2, "mamba_expand", "expansion_factor") * width);
        // Transformers derives mamba_headdim from the heads, whatever the file says of it
        int heads = config.integer("n_mamba_heads", 8);
        int groups = config.integer("mamba_ngroups", 1);
        // Transformers bounds the time step from below in its chunked form, the one a full forward takes
        return new Mamba2Spec(heads, inner / heads, config.integerAnyOr(64, "mamba_d_state", "state_size"), groups,
                config.integerAnyOr(4, "mamba_d_conv", "conv_dimension"), config.integer("chunk_size", 256), true,
                config.flag("add_bias_linear", false), Mamba2Spec.Gate.GATE_THEN_NORM, NormSpec.rms(1e-5), groups,
                config.number("time_step_min", 0.001), Double.POSITIVE_INFINITY, Mamba2Spec.Scales.ONE);
    }

    private static SequenceSpec transformer(Config config, int width, NormSpec norm) {
        int heads = config.integer("num_attention_heads");
        int headDim = 2 * width / heads;
        int rank = config.integerAnyOr(128, "adapter_rank", "lora_rank");
        boolean adapted = config.flagAnyOr(false, "use_shared_attention_adapter", "use_shared_attention_lora");
        if (config.flag("use_long_context", false)) {
            throw config.invalid("use_long_context", "false; how its rotary embedding is rescaled depends on the program");
        }
        PositionSpec position = config.flag("use_mem_rope", false) ? RopeConfig.of(config, headDim) : PositionSpec.NONE;
        AttentionSpec attention = AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), headDim, position)
                .withInputWidth(2 * width).withScale(1 / Math.sqrt(headDim / 2.0)).withAdapterRank(adapted ? rank : 0);
        GatedMlpSpec mlp = new GatedMlpSpec(config.integerAnyOr(4 * width, "intermediate_size", "ffn_hidden_size"),
                Activation.named(config.string("hidden_act", "gelu")), config.flag("add_bias_linear", false), 1, 1)
                .withAdapterRank(rank);
        return SequenceSpec.of(new NormedSpec(norm, 2 * width, attention), NormedSpec.of(norm, mlp));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        ZambaNames.bind(spec, binder, (layer, mixer) -> Mamba2Names.bind(layer, (Mamba2Spec) mixer));
        List<Boolean> hybrid = spec.blocks().stream().map(ZambaNames::isHybrid).toList();
        List<ZambaNames.Use> uses = ZambaNames.uses(hybrid, spec.shared().size());
        for (int u = 0; u < uses.size(); u++) {
            ZambaNames.Use use = uses.get(u);
            SequenceSpec transformer = (SequenceSpec) spec.shared().get(ZambaNames.block(use.block()));
            AttentionSpec attention = (AttentionSpec) ((NormedSpec) transformer.layers().get(0)).body();
            GatedMlpSpec mlp = (GatedMlpSpec) ((NormedSpec) transformer.layers().get(1)).body();
            // the tensors of a block lie at the depth of its first use, all its adapters among them
            String home = "model.layers." + uses.get(use.block()).layer() + ".shared_transformer.";
            if (u < spec.shared().size()) {
                bindTransformer(binder.at("shared." + ZambaNames.block(use.block()) + ".", home), attention, mlp);
            } else {
                ignoreRepeated(binder.at("", "model.layers." + use.layer() + ".shared_transformer."), mlp, uses.size());
            }
            bindAdapters(binder.at("blocks." + use.layer() + ".side.", home), attention, mlp, u);
        }
    }

    private static void bindTransformer(Binder shared, AttentionSpec attention, GatedMlpSpec mlp) {
        shared.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "pre_ff_layernorm.weight");
        LlamaNames.attention(shared.at("0.", "self_attn."), attention);
        Binder feedForward = shared.at("1.", "feed_forward.");
        feedForward.bindRows("gate.weight", "gate_up_proj.weight", 0, mlp.inner());
        feedForward.bindRows("up.weight", "gate_up_proj.weight", mlp.inner(), 2L * mlp.inner());
        if (mlp.bias()) {
            feedForward.bindRows("gate.bias", "gate_up_proj.bias", 0, mlp.inner());
            feedForward.bindRows("up.bias", "gate_up_proj.bias", mlp.inner(), 2L * mlp.inner());
        }
        feedForward.bindLinear("down", "down_proj", mlp.bias());
    }

    /// A file written with all its ties spelled out repeats a block at each use.
    private static void ignoreRepeated(Binder layer, GatedMlpSpec mlp, int uses) {
        List.of("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                "pre_ff_layernorm", "feed_forward.gate_up_proj", "feed_forward.down_proj")
                .forEach(tensor -> layer.ignore(tensor + ".weight"));
        if (mlp.bias()) {
            layer.ignore("feed_forward.gate_up_proj.bias").ignore("feed_forward.down_proj.bias");
        }
        for (int u = 0; u < uses; u++) {
            for (String list : List.of("self_attn.linear_q_adapter_list.", "self_attn.linear_k_adapter_list.",
                    "self_attn.linear_v_adapter_list.", "feed_forward.gate_up_proj_adapter_list.")) {
                layer.ignore(list + u + ".0.weight").ignore(list + u + ".1.weight");
            }
        }
    }

    private static void bindAdapters(Binder use, AttentionSpec attention, GatedMlpSpec mlp, int number) {
        if (attention.adapterRank() > 0) {
            for (String map : List.of("q", "k", "v")) {
                Binder adapter = use.at("0." + map + "_adapter.", "self_attn.linear_" + map + "_adapter_list." + number + ".");
                adapter.bind("down.weight", "0.weight").bind("up.weight", "1.weight");
            }
        }
        Binder adapter = use.at("1.adapter.", "feed_forward.gate_up_proj_adapter_list." + number + ".");
        adapter.bind("down.weight", "0.weight");
        adapter.bindRows("gate.weight", "1.weight", 0, mlp.inner());
        adapter.bindRows("up.weight", "1.weight", mlp.inner(), 2L * mlp.inner());
    }
}
