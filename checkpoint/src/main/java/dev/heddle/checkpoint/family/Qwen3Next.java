package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMlpSpec;
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

/// Qwen3-Next (Qwen Team 2025): three gated delta nets for each gated attention layer, experts with a gated shared one.
final class Qwen3Next implements Family {
    @Override
    public String name() {
        return "qwen3_next";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        return spec(config, name, name(), config.flag("tie_word_embeddings", false));
    }

    /// Also the text model of Qwen3.5, dense where the configuration has no `num_experts`.
    static ModelSpec spec(Config config, String name, String family, boolean tied) {
        NormSpec norm = NormSpec.rmsUnitOffset(config.number("rms_norm_eps", 1e-6));
        Activation activation = Activation.named(config.string("hidden_act", "silu"));
        AttentionSpec attention = attention(config, norm);
        GatedDeltaNetSpec delta = new GatedDeltaNetSpec(config.integer("linear_num_key_heads"),
                config.integer("linear_num_value_heads"), config.integer("linear_key_head_dim"),
                config.integer("linear_value_head_dim"), config.integer("linear_conv_kernel_dim", 4), activation, 1,
                NormSpec.rms(norm.epsilon()));
        int experts = config.integer("num_experts", 0);
        int step = config.integer("decoder_sparse_step", 1);
        int[] dense = config.integers("mlp_only_layers", new int[0]);
        boolean[] full = LayerTypes.fullAttention(config, 4);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < full.length; i++) {
            int layer = i;
            boolean sparse = experts > 0 && (i + 1) % step == 0 && Arrays.stream(dense).noneMatch(d -> d == layer);
            ChannelMixerSpec channel = sparse ? experts(config, experts, activation)
                    : GatedMlpSpec.of(config.integer("intermediate_size"), activation);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, full[i] ? attention : delta), ResidualSpec.of(norm, channel)));
        }
        return new ModelSpec(name, family, config.integer("vocab_size"), config.integer("hidden_size"),
                config.integer("max_position_embeddings", 0), ModelSpec.EmbeddingSpec.PLAIN, blocks, Map.of(), norm,
                ModelSpec.HeadSpec.of(tied));
    }

    private static AttentionSpec attention(Config config, NormSpec norm) {
        int heads = config.integer("num_attention_heads");
        int headDim = config.integer("head_dim", 256);
        boolean bias = config.flag("attention_bias", false);
        return AttentionSpec.of(heads, config.integer("num_key_value_heads", heads), headDim,
                RopeConfig.of(config, headDim, 10000, 0.25)).withBias(bias, bias).withQueryKeyNorm(norm).withOutputGate();
    }

    private static MixtureOfExpertsSpec experts(Config config, int experts, Activation activation) {
        return MixtureOfExpertsSpec.of(experts, config.integer("num_experts_per_tok"),
                        GatedMlpSpec.of(config.integer("moe_intermediate_size"), activation),
                        Router.softmax().withNormalised(config.flag("norm_topk_prob", true), 0))
                .withGatedShared(GatedMlpSpec.of(config.integer("shared_expert_intermediate_size"), activation));
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        bind(spec, binder, "model.", Qwen3Next::deltaNet);
    }

    /// How a gated delta net's projections are stored.
    interface DeltaNames {
        void bind(Binder layer, GatedDeltaNetSpec spec);
    }

    /// @param prefix what stands before `layers` in tensor names
    static void bind(ModelSpec spec, Binder binder, String prefix, DeltaNames names) {
        binder.bind("embedding.weight", prefix + "embed_tokens.weight").bind("norm.weight", prefix + "norm.weight");
        LlamaNames.head(binder, spec.head().tied());
        // heads for predicting several tokens at once, which decoding token by token does not use
        binder.ignoreBelow("mtp.");
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", prefix + "layers." + i + ".");
            layer.bind("0.norm.weight", "input_layernorm.weight").bind("1.norm.weight", "post_attention_layernorm.weight");
            LayerSpec mixer = ((ResidualSpec) block.layers().get(0)).body();
            if (mixer instanceof AttentionSpec attention) {
                attention(layer.at("0.", "self_attn."), attention);
            } else {
                Binder net = layer.at("0.", "linear_attn.");
                names.bind(net, (GatedDeltaNetSpec) mixer);
                net.bind("conv.weight", "conv1d.weight").bind("dt_bias", "dt_bias").bind("A_log", "A_log");
                net.bind("head_norm.weight", "norm.weight").bind("out.weight", "out_proj.weight");
            }
            channel(layer.at("1.", "mlp."), ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }

    /// `q_proj` holds for each head its query rows, then its gate rows.
    private static void attention(Binder layer, AttentionSpec spec) {
        int head = spec.headDim();
        int[] query = RowParts.of(spec.heads(), 2 * head, 0, head);
        int[] gate = RowParts.of(spec.heads(), 2 * head, head, head);
        layer.bindRows("q.weight", "q_proj.weight", query).bindRows("gate.weight", "q_proj.weight", gate);
        if (spec.qkvBias()) {
            layer.bindRows("q.bias", "q_proj.bias", query).bindRows("gate.bias", "q_proj.bias", gate);
        }
        layer.bindLinear("k", "k_proj", spec.qkvBias()).bindLinear("v", "v_proj", spec.qkvBias());
        layer.bindLinear("o", "o_proj", spec.outputBias());
        layer.bind("q_norm.weight", "q_norm.weight").bind("k_norm.weight", "k_norm.weight");
    }

    /// `in_proj_qkvz` holds for each key head its query, its key, and the values and gates of its value heads; `in_proj_ba`
    /// the rates and the decays of its value heads.
    private static void deltaNet(Binder layer, GatedDeltaNetSpec spec) {
        int heads = spec.keyHeads();
        int key = spec.keyDim();
        int values = spec.valueWidth() / heads;
        int group = 2 * key + 2 * values;
        layer.bindRows("q.weight", "in_proj_qkvz.weight", RowParts.of(heads, group, 0, key));
        layer.bindRows("k.weight", "in_proj_qkvz.weight", RowParts.of(heads, group, key, key));
        layer.bindRows("v.weight", "in_proj_qkvz.weight", RowParts.of(heads, group, 2 * key, values));
        layer.bindRows("gate.weight", "in_proj_qkvz.weight", RowParts.of(heads, group, 2 * key + values, values));
        int each = spec.heads() / heads;
        layer.bindRows("rate.weight", "in_proj_ba.weight", RowParts.of(heads, 2 * each, 0, each));
        layer.bindRows("decay.weight", "in_proj_ba.weight", RowParts.of(heads, 2 * each, each, each));
    }

    private static void channel(Binder layer, LayerSpec channel, int width) {
        if (!(channel instanceof MixtureOfExpertsSpec moe)) {
            LlamaNames.mlp(layer, (GatedMlpSpec) channel);
            return;
        }
        layer.bind("router.weight", "gate.weight").bind("shared_gate.weight", "shared_expert_gate.weight");
        LlamaNames.mlp(layer.at("shared.", "shared_expert."), (GatedMlpSpec) moe.shared().orElseThrow().expert());
        GatedMlpSpec expert = (GatedMlpSpec) moe.expert();
        for (int e = 0; e < moe.experts(); e++) {
            if (layer.has("experts.gate_up_proj")) {
                long gate = 2L * e * expert.inner();
                long up = gate + expert.inner();
                layer.bindRows("experts." + e + ".gate.weight", "experts.gate_up_proj", gate, up);
                layer.bindRows("experts." + e + ".up.weight", "experts.gate_up_proj", up, up + expert.inner());
                layer.bindRows("experts." + e + ".down.weight", "experts.down_proj", (long) e * width, (e + 1L) * width);
            } else {
                LlamaNames.mlp(layer.at("experts." + e + ".", "experts." + e + "."), expert);
            }
        }
    }
}
