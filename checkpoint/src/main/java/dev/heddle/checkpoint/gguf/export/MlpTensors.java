package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MlpSpec;
import java.util.ArrayList;
import java.util.List;

/// MLPs and experts as llama.cpp's architectures store them; the matrices of all experts lie in one tensor.
final class MlpTensors {
    private MlpTensors() {
    }

    static void requireSilu(GatedMlpSpec spec) {
        Unsuitable.unless(spec.activation() == Activation.SILU, "gated MLPs with SiLU");
        Unsuitable.unless(spec.adapterRank() == 0, "MLPs without adapters");
    }

    static GatedMlpSpec gated(ChannelMixerSpec spec) {
        if (spec instanceof GatedMlpSpec mlp) {
            requireSilu(mlp);
            return mlp;
        }
        throw new Unsuitable("needs gated MLPs");
    }

    /// A gated MLP whose factors become part of its matrices.
    static void gated(Draft.Below layer, GatedMlpSpec spec, String suffix) {
        layer.linear("ffn_gate" + suffix, "gate", spec.gateScale(), spec.gateScale());
        layer.linear("ffn_up" + suffix, "up");
        layer.linear("ffn_down" + suffix, "down", spec.outputScale(), 1);
    }

    static void plain(Draft.Below layer, String suffix) {
        layer.linear("ffn_up" + suffix, "up");
        layer.linear("ffn_down" + suffix, "down");
    }

    /// Router and experts.
    ///
    /// @param scale factor on the experts' outputs, where the architecture has none on their weights
    static void experts(Draft draft, Draft.Below layer, MixtureOfExpertsSpec spec, double scale) {
        Unsuitable.unless(!spec.router().bias(), "routers without a bias");
        draft.number("expert_count", spec.experts());
        draft.number("expert_used_count", spec.active());
        layer.copy("ffn_gate_inp.weight", "router.weight");
        if (spec.router().choiceBias()) {
            layer.copy("exp_probs_b.bias", "router.choice_bias");
        }
        if (spec.expert() instanceof GatedMlpSpec) {
            stacked(layer, "ffn_gate_exps.weight", "gate.weight", spec.experts(), 1);
        }
        stacked(layer, "ffn_up_exps.weight", "up.weight", spec.experts(), 1);
        stacked(layer, "ffn_down_exps.weight", "down.weight", spec.experts(), scale);
    }

    private static void stacked(Draft.Below layer, String tensor, String parameter, int experts, double scale) {
        List<Part> parts = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            parts.add(Part.of("experts." + e + "." + parameter).times(scale));
        }
        long[] one = layer.shape("experts.0." + parameter);
        layer.write(tensor, new long[] {experts, one[0], one[1]}, parts);
    }

    /// The inner width of an MLP.
    static int inner(ChannelMixerSpec spec) {
        return switch (spec) {
            case GatedMlpSpec mlp -> mlp.inner();
            case MlpSpec mlp -> mlp.inner();
            default -> throw new Unsuitable("needs MLPs");
        };
    }
}
