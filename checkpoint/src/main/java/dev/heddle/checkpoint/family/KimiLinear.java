package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LatentAttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Kimi Linear (Kimi Team 2025): gated delta nets that forget each key channel by itself, latent attention without positions
/// in between, experts behind a first dense layer.
final class KimiLinear implements Family {
    /// The norm of latents; no configuration field tells it.
    private static final double LATENT_EPSILON = 1e-6;
    private static final double WEIGHT_EPSILON = 1e-20;

    @Override
    public String name() {
        return "kimi_linear";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        if (config.flag("attention_bias", false)) {
            throw config.invalid("attention_bias", "false");
        }
        if (!config.flag("mla_use_nope", true)) {
            throw config.invalid("mla_use_nope", "true: its attention knows no positions");
        }
        NormSpec norm = NormSpec.rms(config.number("rms_norm_eps", 1e-5));
        Activation activation = Activation.named(config.string("hidden_act", "silu"));
        LatentAttentionSpec attention = attention(config);
        GatedDeltaNetSpec delta = deltaNet(config, activation, norm);
        ChannelMixerSpec dense = GatedMlpSpec.of(config.integer("intermediate_size"), activation);
        ChannelMixerSpec sparse = experts(config, activation);
        boolean[] full = fullAttention(config);
        boolean[] expert = sparseLayers(config, full.length);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < full.length; i++) {
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, full[i] ? attention : delta),
                    ResidualSpec.of(norm, expert[i] ? sparse : dense)));
        }
        return new ModelSpec(name, name(), config.integer("vocab_size"), config.integer("hidden_size"),
                config.integerAnyOr(0, "model_max_length", "max_position_embeddings"), ModelSpec.EmbeddingSpec.PLAIN, blocks,
                Map.of(), norm, ModelSpec.HeadSpec.of(config.flag("tie_word_embeddings", false)));
    }

    private static LatentAttentionSpec attention(Config config) {
        return new LatentAttentionSpec(config.integer("num_attention_heads"), config.integer("qk_nope_head_dim"),
                config.integer("qk_rope_head_dim"), config.integer("v_head_dim"), config.integer("kv_lora_rank"),
                config.integer("q_lora_rank", 0), NormSpec.rms(LATENT_EPSILON));
    }

    private static GatedDeltaNetSpec deltaNet(Config config, Activation activation, NormSpec norm) {
        Config linear = config.sectionOrEmpty("linear_attn_config");
        int heads = linear.integer("num_heads", config.integer("linear_num_heads", 32));
        int head = linear.integer("head_dim", config.integer("linear_head_dim", 128));
        int conv = linear.integer("short_conv_kernel_size", config.integer("linear_conv_kernel_dim", 4));
        return new GatedDeltaNetSpec(heads, heads, head, head, conv, activation, 1, norm, head, head, Activation.SIGMOID);
    }

    private static MixtureOfExpertsSpec experts(Config config, Activation activation) {
        if (!config.string("moe_router_activation_func", "sigmoid").equals("sigmoid")) {
            throw config.invalid("moe_router_activation_func", "\"sigmoid\"");
        }
        int inner = config.integer("moe_intermediate_size");
        int groups = config.integerAnyOr(1, "num_expert_group", "n_group");
        Router router = Router.sigmoid().withChoiceBias(true).withGroups(groups, config.integer("topk_group", 1))
                .withNormalised(config.flagAnyOr(true, "moe_renormalize", "norm_topk_prob"), WEIGHT_EPSILON)
                .withScale(config.number("routed_scaling_factor", 1));
        MixtureOfExpertsSpec experts = MixtureOfExpertsSpec.of(config.integerAny("num_experts", "num_local_experts"),
                config.integerAny("num_experts_per_token", "num_experts_per_tok"), GatedMlpSpec.of(inner, activation),
                router);
        int shared = config.integerAnyOr(0, "num_shared_experts", "n_shared_experts");
        return shared == 0 ? experts : experts.withShared(GatedMlpSpec.of(shared * inner, activation));
    }

    /// `layer_types`, or the lists of `linear_attn_config`, which count layers from 1.
    private static boolean[] fullAttention(Config config) {
        Config linear = config.sectionOrEmpty("linear_attn_config");
        if (config.has("layer_types") || !linear.has("full_attn_layers")) {
            return LayerTypes.fullAttention(config, 4);
        }
        boolean[] full = new boolean[config.integer("num_hidden_layers")];
        for (int layer : linear.integers("full_attn_layers")) {
            if (layer < 1 || layer > full.length) {
                throw linear.invalid("full_attn_layers", "layers from 1 to " + full.length);
            }
            full[layer - 1] = true;
        }
        return full;
    }

    private static boolean[] sparseLayers(Config config, int layers) {
        boolean[] sparse = new boolean[layers];
        if (config.has("mlp_layer_types")) {
            List<String> types = config.strings("mlp_layer_types");
            if (types.size() != layers || !types.stream().allMatch(List.of("dense", "sparse")::contains)) {
                throw config.invalid("mlp_layer_types", layers + " entries dense or sparse");
            }
            for (int i = 0; i < layers; i++) {
                sparse[i] = types.get(i).equals("sparse");
            }
            return sparse;
        }
        if (config.integer("moe_layer_freq", 1) != 1) {
            throw config.invalid("moe_layer_freq", "1");
        }
        Arrays.fill(sparse, Math.min(layers, config.integer("first_k_dense_replace", 1)), layers, true);
        return sparse;
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        binder.bind("embedding.weight", "model.embed_tokens.weight").bind("norm.weight", "model.norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "model.layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "post_attention_layernorm.weight");
            LayerSpec mixer = ((ResidualSpec) block.layers().get(0)).body();
            if (mixer instanceof LatentAttentionSpec attention) {
                attention(layer.at("0.", "self_attn."), attention);
            } else {
                deltaNet(layer.at("0.", "self_attn."));
            }
            LayerSpec channel = ((ResidualSpec) block.layers().get(1)).body();
            if (channel instanceof MixtureOfExpertsSpec moe) {
                experts(layer.at("1.", "block_sparse_moe."), moe);
            } else {
                String mlp = layer.has("block_sparse_moe.gate_proj.weight") ? "block_sparse_moe." : "mlp.";
                LlamaNames.mlp(layer.at("1.", mlp), (GatedMlpSpec) channel);
            }
        }
    }

    /// `kv_a_proj_with_mqa` holds the latent and the common part of keys; `kv_b_proj` for each head its key rows, then its
    /// value rows.
    private static void attention(Binder layer, LatentAttentionSpec spec) {
        long latent = spec.latent();
        if (spec.queryRank() == 0) {
            layer.bind("q.weight", "q_proj.weight");
        } else {
            layer.bind("q_down.weight", "q_a_proj.weight").bind("q_norm.weight", "q_a_layernorm.weight");
            layer.bind("q_up.weight", "q_b_proj.weight");
        }
        layer.bindRows("latent.weight", "kv_a_proj_with_mqa.weight", 0, latent);
        layer.bindRows("common.weight", "kv_a_proj_with_mqa.weight", latent, latent + spec.commonDim());
        layer.bind("latent_norm.weight", "kv_a_layernorm.weight");
        int size = spec.keyDim() + spec.valueDim();
        layer.bindRows("k.weight", "kv_b_proj.weight", RowParts.of(spec.heads(), size, 0, spec.keyDim()));
        layer.bindRows("v.weight", "kv_b_proj.weight", RowParts.of(spec.heads(), size, spec.keyDim(), spec.valueDim()));
        layer.bind("o.weight", "o_proj.weight");
    }

    private static void deltaNet(Binder layer) {
        layer.bind("q.weight", "q_proj.weight").bind("k.weight", "k_proj.weight").bind("v.weight", "v_proj.weight");
        layer.bindJoined("conv.weight", "q_conv1d.weight", "k_conv1d.weight", "v_conv1d.weight");
        layer.bind("decay.down.weight", "f_a_proj.weight").bind("decay.up.weight", "f_b_proj.weight");
        layer.bind("gate.down.weight", "g_a_proj.weight").bind("gate.up.weight", "g_b_proj.weight");
        layer.bind("rate.weight", "b_proj.weight").bind("dt_bias", "dt_bias").bind("A_log", "A_log");
        layer.bind("head_norm.weight", "o_norm.weight").bind("out.weight", "o_proj.weight");
    }

    private static void experts(Binder layer, MixtureOfExpertsSpec moe) {
        layer.bind("router.weight", "gate.weight").bindBuffer("router.choice_bias", "gate.e_score_correction_bias");
        moe.shared().ifPresent(shared ->
                LlamaNames.mlp(layer.at("shared.", "shared_experts."), (GatedMlpSpec) shared.expert()));
        for (int e = 0; e < moe.experts(); e++) {
            Binder expert = layer.at("experts." + e + ".", "experts." + e + ".");
            expert.bind("gate.weight", "w1.weight").bind("up.weight", "w3.weight").bind("down.weight", "w2.weight");
        }
    }
}
