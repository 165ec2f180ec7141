package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.PositionSpec;
import java.util.List;
import java.util.Set;

/// `falcon-h1`: attention and Mamba-2 side by side in every layer, then a gated MLP. All multipliers become part of the matrices.
final class FalconH1Architecture implements GgufArchitecture {
    @Override
    public Set<String> families() {
        return Set.of("falcon_h1");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("falcon-h1", spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.folded(draft, spec);
        double epsilon = Ends.epsilon(draft, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            List<LayerSpec> pair = Ends.pair(spec.blocks().get(i));
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "0.norm.weight").copy("ffn_norm", "1.norm.weight");
            if (!(Ends.body(pair.get(0), spec.finalNorm()) instanceof ParallelSpec mixers)) {
                throw new Unsuitable("needs blocks of parallel mixers");
            }
            Unsuitable.unless(mixers.branches().size() == 2 && mixers.merge() == ParallelSpec.Merge.ADD && mixers.inner() == 0,
                    "two mixers whose outputs are added");
            mixers.branches().forEach(branch -> mixer(draft, layer.at("0." + branch.name() + ".", ""), branch, epsilon, spec));
            GatedMlpSpec mlp = MlpTensors.gated(Ends.channel(pair.get(1), spec.finalNorm()));
            draft.number("feed_forward_length", mlp.inner());
            MlpTensors.gated(layer.at("1.", ""), mlp, "");
        }
        return draft.finish();
    }

    private static void mixer(Draft draft, Draft.Below layer, ParallelSpec.Branch branch, double epsilon, ModelSpec model) {
        Unsuitable.unless(branch.norm().isNone(), "branches without a norm");
        switch (branch.layer()) {
            case Mamba2Spec mamba -> MambaTensors.mamba2(draft, layer, mamba, branch.inputScale(), branch.outputScale(), epsilon);
            case AttentionSpec attention -> {
                AttentionTensors.requirePlain(attention, model);
                AttentionTensors.requireUsualScale(attention);
                AttentionTensors.counts(draft, attention);
                draft.number("attention.head_count_kv", attention.kvHeads());
                if (AttentionTensors.rotation(draft, attention) && !draft.has("rope_freqs.weight")) {
                    AttentionTensors.factors(draft, (PositionSpec.Rotary) attention.position());
                }
                AttentionTensors.projections(layer, attention, false, branch.inputScale(), branch.outputScale());
            }
            default -> throw new Unsuitable("needs attention beside Mamba-2");
        }
    }
}
