package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.Collections;
import java.util.List;

/// `mamba2`: Mamba-2, Codestral Mamba among them. Each group of channels is normalised by itself, as in mamba_ssm.
final class GgufMamba2 implements GgufFamily {
    private static final int CHUNK = 256;

    @Override
    public List<String> architectures() {
        return List.of("mamba2");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        return gguf.model(name, gguf.rms(), Collections.nCopies(gguf.blocks(), ResidualSpec.of(gguf.rms(), mixer(gguf, 0))));
    }

    /// The mixer of a block, with a norm behind the gate where the file has one.
    static Mamba2Spec mixer(GgufConfig gguf, int block) {
        int inner = gguf.config().integer("ssm.inner_size");
        int heads = gguf.config().integer("ssm.time_step_rank");
        int groups = gguf.config().integer("ssm.group_count", 1);
        if (heads <= 0 || inner % heads != 0) {
            throw gguf.config().invalid("ssm.time_step_rank", "heads that divide ssm.inner_size (" + inner + ")");
        }
        boolean normed = gguf.has(block, "ssm_norm.weight");
        return new Mamba2Spec(heads, inner / heads, gguf.config().integer("ssm.state_size"), groups,
                gguf.config().integer("ssm.conv_kernel"), CHUNK, gguf.has(block, "ssm_conv1d.bias"),
                gguf.has(block, "ssm_in.bias"), Mamba2Spec.Gate.GATE_THEN_NORM, normed ? gguf.rms() : NormSpec.NONE, normed ? groups : 1, 0,
                Double.POSITIVE_INFINITY, Mamba2Spec.Scales.ONE);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = GgufNames.block(binder, i);
            layer.bind("norm.weight", "attn_norm.weight");
            GgufNames.mamba2(layer, (Mamba2Spec) ((ResidualSpec) spec.blocks().get(i)).body());
        }
    }
}
