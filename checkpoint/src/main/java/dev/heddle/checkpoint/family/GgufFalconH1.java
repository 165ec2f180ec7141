package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.Collections;
import java.util.List;

/// `falcon-h1`: the multipliers of maximal-update parametrisation are multiplied into the weights. The norm before the MLP
/// is called `ffn_norm`, without the ending that weights have elsewhere.
final class GgufFalconH1 implements GgufFamily {
    @Override
    public List<String> architectures() {
        return List.of("falcon-h1");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        int headDim = gguf.headDim(gguf.heads()[0]);
        ParallelSpec mixers = new ParallelSpec(List.of(
                new ParallelSpec.Branch("mamba", GgufMamba2.mixer(gguf, 0), 1, NormSpec.NONE, 1),
                new ParallelSpec.Branch("attention", gguf.attention(0, gguf.rotary(headDim, false)), 1, NormSpec.NONE, 1)),
                ParallelSpec.Merge.ADD);
        GatedMlpSpec mlp = new GatedMlpSpec(gguf.config().integer("feed_forward_length"), Activation.SILU,
                gguf.has(0, "ffn_gate.bias"), 1, 1);
        LayerSpec block = SequenceSpec.of(ResidualSpec.of(norm, mixers), ResidualSpec.of(norm, mlp));
        return gguf.model(name, norm, Collections.nCopies(gguf.blocks(), block));
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            ParallelSpec mixers = (ParallelSpec) ((ResidualSpec) block.layers().get(0)).body();
            Binder layer = GgufNames.block(binder, i);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "ffn_norm");
            GgufNames.mamba2(layer.at("0.mamba.", ""), (Mamba2Spec) mixers.branches().get(0).layer());
            GgufNames.attention(layer.at("0.attention.", ""), (AttentionSpec) mixers.branches().get(1).layer());
            GgufNames.mlp(layer.at("1.", ""), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }
}
