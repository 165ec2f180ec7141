package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import java.util.Set;

/// `mamba`: Mamba layers alone, with or without weightless norms of time step, B and C (Falcon-Mamba).
///
/// llama.cpp has one ε for all norms of a model. Falcon-Mamba's inner norms have another one, 10⁻⁶ instead of 10⁻⁵, which it
/// ignores; so do files of its own converter.
final class MambaArchitecture implements GgufArchitecture {
    private static final double NEARLY = 1e-5;

    @Override
    public Set<String> families() {
        return Set.of("mamba", "falcon_mamba");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("mamba", spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.plain(draft, spec);
        double epsilon = Ends.epsilon(draft, spec);
        draft.number("feed_forward_length", 0);
        draft.number("attention.head_count", 0);
        for (int i = 0; i < spec.blocks().size(); i++) {
            if (!(Ends.body(spec.blocks().get(i), spec.finalNorm()) instanceof Mamba1Spec mamba)) {
                throw new Unsuitable("needs blocks that are Mamba layers");
            }
            NormSpec inner = mamba.innerNorm();
            Unsuitable.unless(inner.isNone() || inner.kind() == NormSpec.Kind.RMS && !inner.weighted()
                    && Math.abs(inner.epsilon() - epsilon) < NEARLY, "inner norms without weights, or none");
            draft.flag("ssm.dt_b_c_rms", !inner.isNone());
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "norm.weight");
            MambaTensors.mamba1(draft, layer, mamba, spec.width());
        }
        return draft.finish();
    }
}
