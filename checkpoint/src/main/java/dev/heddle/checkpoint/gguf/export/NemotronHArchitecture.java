package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.Set;

/// `nemotron_h` and, with experts, `nemotron_h_moe`: one layer a block, Mamba-2, attention without positions, or an MLP with
/// squared ReLU.
final class NemotronHArchitecture implements GgufArchitecture {
    @Override
    public Set<String> families() {
        return Set.of("nemotron_h");
    }

    @Override
    public Export export(ModelSpec spec) {
        boolean experts = spec.blocks().stream().anyMatch(block -> block instanceof ResidualSpec residual
                && residual.body() instanceof MixtureOfExpertsSpec);
        Draft draft = new Draft(experts ? "nemotron_h_moe" : "nemotron_h", spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.plain(draft, spec);
        double epsilon = Ends.epsilon(draft, spec);
        draft.real("attention.layer_norm_epsilon", epsilon);
        int[] kvHeads = new int[spec.blocks().size()];
        int[] inner = new int[kvHeads.length];
        for (int i = 0; i < kvHeads.length; i++) {
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "norm.weight");
            LayerSpec body = Ends.body(spec.blocks().get(i), spec.finalNorm());
            switch (body) {
                case Mamba2Spec mamba -> {
                    Unsuitable.unless(!mamba.norm().isNone(), "a norm after the gate");
                    MambaTensors.mamba2(draft, layer, mamba, 1, 1, epsilon);
                }
                case AttentionSpec attention -> {
                    kvHeads[i] = attention.kvHeads();
                    attention(draft, layer, attention, spec);
                }
                case MlpSpec mlp -> {
                    Unsuitable.unless(!experts, "either MLPs or experts");
                    inner[i] = mlp(mlp);
                    MlpTensors.plain(layer, "");
                }
                case MixtureOfExpertsSpec moe -> inner[i] = experts(draft, layer, moe);
                default -> throw new Unsuitable("needs blocks that are Mamba-2, attention, an MLP or experts");
            }
        }
        draft.numbers("attention.head_count_kv", kvHeads);
        draft.numbers("feed_forward_length", inner);
        return draft.finish();
    }

    private static int mlp(ChannelMixerSpec spec) {
        if (spec instanceof MlpSpec mlp && mlp.activation() == Activation.RELU_SQUARED) {
            return mlp.inner();
        }
        throw new Unsuitable("needs MLPs with squared ReLU");
    }

    private static void attention(Draft draft, Draft.Below layer, AttentionSpec spec, ModelSpec model) {
        AttentionTensors.requirePlain(spec, model);
        AttentionTensors.requireUsualScale(spec);
        Unsuitable.unless(spec.position() instanceof PositionSpec.None && spec.queryKeyNorm().isNone() && spec.keyScale() == 1,
                "attention without positions");
        AttentionTensors.counts(draft, spec);
        AttentionTensors.projections(layer, spec, false, 1, 1);
    }

    private static int experts(Draft draft, Draft.Below layer, MixtureOfExpertsSpec spec) {
        Router router = spec.router();
        Unsuitable.unless(router.scoring() == Router.Scoring.SIGMOID && router.choiceBias(),
                "experts weighted by sigmoids and chosen with a bias");
        Unsuitable.unless(spec.shared().isPresent() && !spec.shared().get().gated(), "a shared expert without a gate");
        int inner = mlp(spec.expert());
        int shared = mlp(spec.shared().get().expert());
        MlpTensors.experts(draft, layer, spec, 1);
        MlpTensors.plain(layer.at("shared.", ""), "_shexp");
        draft.number("expert_feed_forward_length", inner);
        draft.number("expert_shared_feed_forward_length", shared);
        draft.number("expert_shared_count", 1);
        draft.flag("expert_weights_norm", router.normalise());
        draft.real("expert_weights_scale", router.scale());
        draft.number("expert_group_count", router.groups());
        draft.number("expert_group_used_count", router.activeGroups());
        if (!spec.latent().isNone()) {
            draft.number("moe_latent_size", spec.latent().width());
            layer.copy("ffn_latent_down.weight", "latent_down.weight").copy("ffn_latent_up.weight", "latent_up.weight");
        }
        return inner;
    }
}
