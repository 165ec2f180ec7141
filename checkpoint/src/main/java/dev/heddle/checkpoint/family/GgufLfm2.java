package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.spec.ShortConvolutionSpec;
import java.util.ArrayList;
import java.util.List;

/// `lfm2` and `lfm2moe`: blocks without key and value heads are short convolutions. The final norm is called
/// `token_embd_norm`.
final class GgufLfm2 implements GgufFamily {
    private static final int SIGMOID = 2;
    private static final double WEIGHT_EPSILON = 1e-6;

    @Override
    public List<String> architectures() {
        return List.of("lfm2", "lfm2moe");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        int[] kvHeads = gguf.kvHeads();
        int headDim = gguf.headDim(gguf.heads()[0]);
        int window = gguf.config().integer("attention.sliding_window", 0);
        ShortConvolutionSpec convolution = new ShortConvolutionSpec(gguf.config().integer("shortconv.l_cache"), false);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            MixerSpec mixer = kvHeads[i] == 0 ? convolution
                    : gguf.attention(i, gguf.rotary(headDim, false)).withQueryKeyNorm(norm).withWindow(window);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, channel(gguf, i))));
        }
        return gguf.model(name, norm, blocks);
    }

    private static ChannelMixerSpec channel(GgufConfig gguf, int block) {
        if (!gguf.has(block, "ffn_gate_inp.weight")) {
            return GatedMlpSpec.of(gguf.config().integer("feed_forward_length"), Activation.SILU);
        }
        if (gguf.config().integer("expert_gating_func", SIGMOID) != SIGMOID) {
            throw gguf.config().invalid("expert_gating_func", SIGMOID + " (sigmoid)");
        }
        Router router = Router.sigmoid().withChoiceBias(gguf.has(block, "exp_probs_b.bias")).withNormalised(true, WEIGHT_EPSILON)
                .withScale(gguf.config().number("expert_weights_scale", 1));
        return MixtureOfExpertsSpec.of(gguf.experts(block), gguf.config().integer("expert_used_count"),
                GatedMlpSpec.of(gguf.config().integer("expert_feed_forward_length"), Activation.SILU), router);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec, "token_embd_norm");
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "ffn_norm.weight");
            if (((ResidualSpec) block.layers().get(0)).body() instanceof AttentionSpec attention) {
                GgufNames.attention(layer.at("0.", ""), attention);
            } else {
                convolution(layer.at("0.", "shortconv."), spec.width());
            }
            GgufNames.channel(layer.at("1.", ""), (ChannelMixerSpec) ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }

    private static void convolution(Binder layer, long width) {
        layer.bindRows("in_b.weight", "in_proj.weight", 0, width).bindRows("in_c.weight", "in_proj.weight", width, 2 * width);
        layer.bindRows("in_x.weight", "in_proj.weight", 2 * width, 3 * width);
        layer.bind("conv.weight", "conv.weight").bind("out_proj.weight", "out_proj.weight");
    }
}
