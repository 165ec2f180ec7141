package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.Collections;
import java.util.List;

/// `mamba`: Mamba, and Falcon-Mamba where `ssm.dt_b_c_rms` asks for norms of time step, B and C.
final class GgufMamba implements GgufFamily {
    /// ε of Falcon-Mamba's inner norms, which the metadata does not tell; the one it tells is that of the others.
    private static final double INNER_EPSILON = 1e-6;

    @Override
    public List<String> architectures() {
        return List.of("mamba");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec inner = gguf.config().flag("ssm.dt_b_c_rms", false) ? NormSpec.rmsUnweighted(INNER_EPSILON) : NormSpec.NONE;
        LayerSpec block = ResidualSpec.of(gguf.rms(), mixer(gguf, 0, inner));
        return gguf.model(name, gguf.rms(), Collections.nCopies(gguf.blocks(), block));
    }

    /// @param block one of the blocks that have such a mixer
    static Mamba1Spec mixer(GgufConfig gguf, int block, NormSpec innerNorm) {
        return new Mamba1Spec(gguf.config().integer("ssm.inner_size"), gguf.config().integer("ssm.state_size"),
                gguf.config().integer("ssm.conv_kernel"), gguf.config().integer("ssm.time_step_rank"),
                gguf.has(block, "ssm_conv1d.bias"), gguf.has(block, "ssm_in.bias"), innerNorm);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = GgufNames.block(binder, i);
            layer.bind("norm.weight", "attn_norm.weight");
            GgufNames.mamba1(layer, (Mamba1Spec) ((ResidualSpec) spec.blocks().get(i)).body());
        }
    }
}
