package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// `llama` (Llama, Mistral, Mixtral), `qwen2`, `qwen3` and `qwen3moe`, told apart by their tensors: biases, norms of query
/// and key heads, routers. Llama's converters put halves of query and key heads next to each other, so pairs are
/// neighbours there.
final class GgufLlama implements GgufFamily {
    @Override
    public List<String> architectures() {
        return List.of("llama", "qwen2", "qwen3", "qwen3moe");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        int headDim = gguf.headDim(gguf.heads()[0]);
        boolean interleaved = gguf.architecture().equals("llama");
        int window = gguf.config().integer("attention.sliding_window", 0);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            AttentionSpec attention = gguf.attention(i, gguf.rotary(headDim, interleaved)).withWindow(window);
            if (gguf.has(i, "attn_q_norm.weight")) {
                attention = attention.withQueryKeyNorm(norm);
            }
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, attention), ResidualSpec.of(norm, channel(gguf, i))));
        }
        return gguf.model(name, norm, blocks);
    }

    private static ChannelMixerSpec channel(GgufConfig gguf, int block) {
        if (!gguf.has(block, "ffn_gate_inp.weight")) {
            return new GatedMlpSpec(gguf.config().integer("feed_forward_length"), Activation.SILU,
                    gguf.has(block, "ffn_gate.bias"), 1, 1);
        }
        int inner = gguf.config().integerAny("expert_feed_forward_length", "feed_forward_length");
        return MixtureOfExpertsSpec.of(gguf.experts(block), gguf.config().integer("expert_used_count"),
                GatedMlpSpec.of(inner, Activation.SILU), Router.softmaxOfChosen());
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "ffn_norm.weight");
            GgufNames.attention(layer.at("0.", ""), (AttentionSpec) ((ResidualSpec) block.layers().get(0)).body());
            GgufNames.channel(layer.at("1.", ""), (ChannelMixerSpec) ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }
}
