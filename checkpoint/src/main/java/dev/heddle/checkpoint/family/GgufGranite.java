package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.gguf.export.GraniteHybridArchitecture;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
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
import java.util.stream.IntStream;

/// `granitehybrid` (Granite 4 and Bamba: blocks without key and value heads are Mamba-2), `granite` and `granitemoe`, with
/// multipliers on embedding, attention scores, residual branches and logits.
///
/// `rope.scaling.finetuned` says whether positions are rotated. The rows of queries and keys are in the order that makes
/// halves of a head neighbours; where only a part of a head is rotated (Bamba), that order mixes rotated rows with others,
/// so they are put back.
final class GgufGranite implements GgufFamily {
    @Override
    public List<String> architectures() {
        return List.of("granitehybrid", "granite", "granitemoe");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        double branch = gguf.config().number("residual_scale", 1);
        int[] kvHeads = gguf.kvHeads();
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            MixerSpec mixer = kvHeads[i] == 0 ? GgufMamba2.mixer(gguf, i) : attention(gguf, i);
            blocks.add(SequenceSpec.of(new ResidualSpec(norm, mixer, NormSpec.NONE, branch),
                    new ResidualSpec(norm, channel(gguf, i), NormSpec.NONE, branch)));
        }
        return gguf.model(name, new ModelSpec.EmbeddingSpec(gguf.config().number("embedding_scale", 1), NormSpec.NONE), norm,
                blocks, 1 / gguf.config().number("logit_scale", 1), 0);
    }

    private static AttentionSpec attention(GgufConfig gguf, int block) {
        int headDim = gguf.headDim(gguf.heads()[block]);
        // converters reorder whole heads, also where only a part rotates; Heddle's own files reorder that part and say so
        boolean partial = gguf.config().integer("rope.dimension_count", headDim) < headDim
                && !gguf.config().flag(GraniteHybridArchitecture.ADJACENT_PAIRS, false);
        PositionSpec position = gguf.config().flag("rope.scaling.finetuned", true) ? gguf.rotary(headDim, !partial)
                : PositionSpec.NONE;
        return gguf.attention(block, position).withScale(gguf.config().number("attention.scale", 0));
    }

    private static ChannelMixerSpec channel(GgufConfig gguf, int block) {
        if (!gguf.has(block, "ffn_gate_inp.weight")) {
            return GatedMlpSpec.of(gguf.rows(block, "ffn_up"), Activation.SILU);
        }
        MixtureOfExpertsSpec experts = MixtureOfExpertsSpec.of(gguf.experts(block),
                gguf.config().integer("expert_used_count"),
                GatedMlpSpec.of(gguf.config().integer("feed_forward_length"), Activation.SILU), Router.softmaxOfChosen());
        return gguf.has(block, "ffn_up_shexp.weight")
                ? experts.withShared(GatedMlpSpec.of(gguf.rows(block, "ffn_up_shexp"), Activation.SILU)) : experts;
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "ffn_norm.weight");
            if (((ResidualSpec) block.layers().get(0)).body() instanceof AttentionSpec attention) {
                attention(layer.at("0.", ""), attention);
            } else {
                GgufNames.mamba2(layer.at("0.", ""), (Mamba2Spec) ((ResidualSpec) block.layers().get(0)).body());
            }
            GgufNames.channel(layer.at("1.", ""), (ChannelMixerSpec) ((ResidualSpec) block.layers().get(1)).body(), spec.width());
        }
    }

    private static void attention(Binder layer, AttentionSpec spec) {
        if (!(spec.position() instanceof PositionSpec.Rotary rotary) || rotary.interleaved()) {
            GgufNames.attention(layer, spec);
            return;
        }
        int[] query = halves(spec.heads(), spec.headDim());
        int[] key = halves(spec.kvHeads(), spec.headDim());
        layer.bindRows("q.weight", "attn_q.weight", query).bindRows("k.weight", "attn_k.weight", key);
        if (spec.qkvBias()) {
            layer.bindRows("q.bias", "attn_q.bias", query).bindRows("k.bias", "attn_k.bias", key);
        }
        layer.bindLinear("v", "attn_v", spec.qkvBias());
        GgufNames.afterwards(layer, spec);
    }

    /// Rows of heads whose halves lie interleaved: those of the first half, then those of the second.
    private static int[] halves(int heads, int headDim) {
        return IntStream.range(0, heads * headDim)
                .map(i -> i / headDim * headDim + i % headDim % (headDim / 2) * 2 + i % headDim / (headDim / 2)).toArray();
    }
}
