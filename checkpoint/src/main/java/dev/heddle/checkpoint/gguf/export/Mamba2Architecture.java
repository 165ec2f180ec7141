package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import java.util.Set;

/// `mamba2`: Mamba-2 layers alone.
final class Mamba2Architecture implements GgufArchitecture {
    @Override
    public Set<String> families() {
        return Set.of("mamba2");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("mamba2", spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.plain(draft, spec);
        double epsilon = Ends.epsilon(draft, spec);
        draft.number("feed_forward_length", 0);
        draft.number("attention.head_count", 0);
        for (int i = 0; i < spec.blocks().size(); i++) {
            if (!(Ends.body(spec.blocks().get(i), spec.finalNorm()) instanceof Mamba2Spec mamba)) {
                throw new Unsuitable("needs blocks that are Mamba-2 layers");
            }
            Unsuitable.unless(mamba.convBias() && !mamba.norm().isNone(), "a bias of the convolution and a norm after the gate");
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "norm.weight");
            MambaTensors.mamba2(draft, layer, mamba, 1, 1, epsilon);
        }
        return draft.finish();
    }
}
