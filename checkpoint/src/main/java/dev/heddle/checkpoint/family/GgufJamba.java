package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// `jamba`: blocks without key and value heads are Mamba layers, blocks with a router have experts.
final class GgufJamba implements GgufFamily {
    @Override
    public List<String> architectures() {
        return List.of("jamba");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        int[] kvHeads = gguf.kvHeads();
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            MixerSpec mixer = kvHeads[i] == 0 ? GgufMamba.mixer(gguf, i, norm) : gguf.attention(i, PositionSpec.NONE);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, mixer), ResidualSpec.of(norm, channel(gguf, i))));
        }
        return gguf.model(name, norm, blocks);
    }

    private static ChannelMixerSpec channel(GgufConfig gguf, int block) {
        GatedMlpSpec mlp = GatedMlpSpec.of(gguf.config().integer("feed_forward_length"), Activation.SILU);
        return gguf.has(block, "ffn_gate_inp.weight") ? MixtureOfExpertsSpec.of(gguf.experts(block),
                gguf.config().integer("expert_used_count"), mlp, Router.softmax()) : mlp;
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "ffn_norm.weight");
            if (((ResidualSpec) block.layers().get(0)).body() instanceof AttentionSpec attention) {
                GgufNames.attention(layer.at("0.", ""), attention);
            } else {
                GgufNames.mamba1(layer.at("0.", ""), (Mamba1Spec) ((ResidualSpec) block.layers().get(0)).body());
            }
            GgufNames.channel(layer.at("1.", ""), (ChannelMixerSpec) ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }
}
