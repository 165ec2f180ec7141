package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.family.Binding.Transform;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// `qwen3next`, `qwen35` and `qwen35moe`. The parts of the delta nets' input projection lie apart (`attn_qkv`, `attn_gate`),
/// norms hold w and not w − 1. Rates and decays are as in the original in `qwen3next` (`ssm_ba`), apart in the others
/// (`ssm_beta`, `ssm_alpha`), whose value heads are tiled: those of a key head lie as many apart as there are key heads.
final class GgufQwen3Next implements GgufFamily {
    @Override
    public List<String> architectures() {
        return List.of("qwen3next", "qwen35", "qwen35moe");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        GatedDeltaNetSpec delta = deltaNet(gguf, norm);
        boolean[] recurrent = recurrent(gguf);
        int headDim = gguf.headDim(gguf.heads()[0]);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            MixerSpec mixer = recurrent[i] ? delta
                    : gguf.attention(i, gguf.rotary(headDim, false)).withQueryKeyNorm(norm).withOutputGate();
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, channel(gguf, i))));
        }
        return gguf.model(name, norm, blocks);
    }

    private static boolean[] recurrent(GgufConfig gguf) {
        boolean[] recurrent = new boolean[gguf.config().integer("block_count")];
        int[] listed = gguf.config().has("attention.recurrent_layers")
                ? gguf.config().integerOrEach("attention.recurrent_layers", recurrent.length) : new int[0];
        int interval = gguf.config().integer("full_attention_interval", 4);
        if (interval <= 0) {
            throw gguf.config().invalid("full_attention_interval", "1 or more");
        }
        for (int i = 0; i < recurrent.length; i++) {
            recurrent[i] = listed.length > 0 ? listed[i] != 0 : (i + 1) % interval != 0;
        }
        return recurrent;
    }

    private static GatedDeltaNetSpec deltaNet(GgufConfig gguf, NormSpec norm) {
        int head = gguf.config().integer("ssm.state_size");
        int heads = gguf.config().integer("ssm.time_step_rank");
        if (gguf.config().integer("ssm.inner_size") != heads * head) {
            throw gguf.config().invalid("ssm.inner_size", heads + " heads of " + head + " values");
        }
        return new GatedDeltaNetSpec(gguf.config().integer("ssm.group_count"), heads, head, head,
                gguf.config().integer("ssm.conv_kernel"), Activation.SILU, 1, norm)
                .withTiledHeads(!gguf.architecture().equals("qwen3next"));
    }

    private static ChannelMixerSpec channel(GgufConfig gguf, int block) {
        if (!gguf.has(block, "ffn_gate_inp.weight")) {
            return GatedMlpSpec.of(gguf.config().integer("feed_forward_length"), Activation.SILU);
        }
        int blocks = gguf.config().integer("block_count");
        return MixtureOfExpertsSpec.of(gguf.experts(block), gguf.config().integer("expert_used_count"),
                        GatedMlpSpec.of(gguf.config().integerOrEach("expert_feed_forward_length", blocks)[block], Activation.SILU),
                        Router.softmax().withNormalised(true, 0))
                .withGatedShared(GatedMlpSpec.of(gguf.rows(block, "ffn_up_shexp"), Activation.SILU));
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "post_attention_norm.weight");
            if (((ResidualSpec) block.layers().get(0)).body() instanceof AttentionSpec attention) {
                attention(layer.at("0.", ""), attention);
            } else {
                deltaNet(layer.at("0.", ""), (GatedDeltaNetSpec) ((ResidualSpec) block.layers().get(0)).body());
            }
            GgufNames.channel(layer.at("1.", ""), (ChannelMixerSpec) ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }

    /// `attn_q` holds for each head its query rows, then its gate rows.
    private static void attention(Binder layer, AttentionSpec spec) {
        int head = spec.headDim();
        int[] query = RowParts.of(spec.heads(), 2 * head, 0, head);
        int[] gate = RowParts.of(spec.heads(), 2 * head, head, head);
        layer.bindRows("q.weight", "attn_q.weight", query).bindRows("gate.weight", "attn_q.weight", gate);
        if (spec.qkvBias()) {
            layer.bindRows("q.bias", "attn_q.bias", query).bindRows("gate.bias", "attn_q.bias", gate);
        }
        layer.bindLinear("k", "attn_k", spec.qkvBias()).bindLinear("v", "attn_v", spec.qkvBias());
        GgufNames.afterwards(layer, spec);
    }

    private static void deltaNet(Binder layer, GatedDeltaNetSpec spec) {
        long keys = spec.keyWidth();
        layer.bindRows("q.weight", "attn_qkv.weight", 0, keys).bindRows("k.weight", "attn_qkv.weight", keys, 2 * keys);
        layer.bindRows("v.weight", "attn_qkv.weight", 2 * keys, spec.convChannels());
        layer.bind("gate.weight", "attn_gate.weight");
        if (layer.has("ssm_ba.weight")) {
            together(layer, spec);
        } else {
            layer.bind("rate.weight", "ssm_beta.weight").bind("decay.weight", "ssm_alpha.weight");
        }
        layer.bind("conv.weight", "ssm_conv1d.weight").bind("dt_bias", "ssm_dt.bias");
        layer.bindTransformed("A_log", "ssm_a", Transform.LOG_OF_NEGATIVE);
        layer.bind("head_norm.weight", "ssm_norm.weight").bind("out.weight", "ssm_out.weight");
    }

    /// `ssm_ba` holds for each key head the rates, then the decays of its value heads.
    private static void together(Binder layer, GatedDeltaNetSpec spec) {
        int each = spec.heads() / spec.keyHeads();
        layer.bindRows("rate.weight", "ssm_ba.weight", RowParts.of(spec.keyHeads(), 2 * each, 0, each));
        layer.bindRows("decay.weight", "ssm_ba.weight", RowParts.of(spec.keyHeads(), 2 * each, each, each));
    }
}
