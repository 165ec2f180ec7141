package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;

/// LFM2-MoE (Liquid AI 2025): LFM2 with experts after all but the first mixers.
final class Lfm2Moe implements Family {
    @Override
    public String name() {
        return "lfm2_moe";
    }

    @Override
    public boolean accepts(Config config) {
        return config.string("model_type", "").equals(name());
    }

    @Override
    public ModelSpec spec(Config config, String name) {
        GatedMlpSpec dense = GatedMlpSpec.of(config.integer("intermediate_size"), Activation.SILU);
        Router router = Router.sigmoid().withChoiceBias(config.flag("use_expert_bias", true))
                .withNormalised(config.flag("norm_topk_prob", true), 1e-6)
                .withScale(config.number("routed_scaling_factor", 1));
        MixtureOfExpertsSpec experts = MixtureOfExpertsSpec.of(config.integer("num_experts", 32),
                config.integer("num_experts_per_tok", 4),
                GatedMlpSpec.of(config.integer("moe_intermediate_size"), Activation.SILU), router);
        int first = config.integer("num_dense_layers", 2);
        return Lfm2.spec(config, name, name(), layer -> layer < first ? dense : experts);
    }

    @Override
    public void bind(Config config, ModelSpec spec, Binder binder) {
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = Lfm2.bindLayer(spec, binder, i);
            if (Lfm2.channel(spec, i) instanceof MixtureOfExpertsSpec moe) {
                experts(layer, moe, spec.width());
            } else {
                Lfm2.mlp(layer, (GatedMlpSpec) Lfm2.channel(spec, i));
            }
        }
        Lfm2.bindEnds(spec, binder);
    }

    private static void experts(Binder layer, MixtureOfExpertsSpec spec, int width) {
        layer.bind("router.weight", "gate.weight");
        if (spec.router().choiceBias()) {
            layer.bindBuffer("router.choice_bias", "expert_bias");
        }
        if (layer.has("experts.gate_up_proj")) {
            ExpertNames.stacked(layer, spec, width, "experts.gate_up_proj", "experts.down_proj");
        } else {
            ExpertNames.each(layer, spec, "experts.", "w1", "w3", "w2");
        }
    }
}
