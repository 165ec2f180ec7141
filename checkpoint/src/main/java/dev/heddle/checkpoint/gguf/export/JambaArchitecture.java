package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.PositionSpec;
import java.util.List;
import java.util.Set;

/// `jamba`: Mamba layers with inner norms and attention layers without positions, each followed by a gated MLP or by experts of
/// the same width.
final class JambaArchitecture implements GgufArchitecture {
    @Override
    public Set<String> families() {
        return Set.of("jamba");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("jamba", spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.plain(draft, spec);
        Ends.epsilon(draft, spec);
        int[] kvHeads = new int[spec.blocks().size()];
        int inner = 0;
        for (int i = 0; i < kvHeads.length; i++) {
            List<LayerSpec> pair = Ends.pair(spec.blocks().get(i));
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "0.norm.weight").copy("ffn_norm.weight", "1.norm.weight");
            switch (Ends.body(pair.get(0), spec.finalNorm())) {
                case AttentionSpec attention -> {
                    kvHeads[i] = attention.kvHeads();
                    attention(draft, layer.at("0.", ""), attention, spec);
                }
                case Mamba1Spec mamba -> mamba(draft, layer.at("0.", ""), mamba, spec);
                default -> throw new Unsuitable("needs mixers that are Mamba or attention");
            }
            int width = channel(draft, layer.at("1.", ""), Ends.channel(pair.get(1), spec.finalNorm()));
            Unsuitable.unless(inner == 0 || inner == width, "MLPs and experts of one inner width");
            inner = width;
        }
        draft.numbers("attention.head_count_kv", kvHeads);
        draft.number("feed_forward_length", inner);
        return draft.finish();
    }

    private static void attention(Draft draft, Draft.Below layer, AttentionSpec spec, ModelSpec model) {
        AttentionTensors.requirePlain(spec, model);
        AttentionTensors.requireUsualScale(spec);
        Unsuitable.unless(spec.position() instanceof PositionSpec.None && spec.heads() * spec.headDim() == model.width()
                && spec.queryKeyNorm().isNone(), "attention without positions over heads that make up the model's width");
        AttentionTensors.counts(draft, spec);
        AttentionTensors.projections(layer, spec, false, 1, 1);
    }

    private static void mamba(Draft draft, Draft.Below layer, Mamba1Spec spec, ModelSpec model) {
        Unsuitable.unless(spec.innerNorm().equals(model.finalNorm()), "norms of time step, B and C like all others");
        MambaTensors.mamba1(draft, layer, spec, model.width());
        layer.copy("ssm_dt_norm.weight", "dt_norm.weight").copy("ssm_b_norm.weight", "b_norm.weight")
                .copy("ssm_c_norm.weight", "c_norm.weight");
    }

    private static int channel(Draft draft, Draft.Below layer, ChannelMixerSpec spec) {
        if (!(spec instanceof MixtureOfExpertsSpec moe)) {
            GatedMlpSpec mlp = MlpTensors.gated(spec);
            MlpTensors.gated(layer, mlp, "");
            return mlp.inner();
        }
        Unsuitable.unless(moe.router().equals(Router.softmax()) && moe.shared().isEmpty(),
                "experts weighted by their probabilities among all, and none shared");
        MlpTensors.experts(draft, layer, moe, 1);
        return MlpTensors.gated(moe.expert()).inner();
    }
}
