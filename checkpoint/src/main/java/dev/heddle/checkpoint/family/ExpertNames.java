package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MlpSpec;

/// The ways checkpoints store the matrices of experts.
final class ExpertNames {
    private ExpertNames() {
    }

    /// One tensor for each matrix of each expert, `PREFIX.e.NAME.weight`.
    ///
    /// @param layer  at the mixture's prefixes
    /// @param prefix what comes before the expert's number, `experts.` for one
    /// @param gate   name of the gate's projection; unused where experts have none
    static void each(Binder layer, MixtureOfExpertsSpec spec, String prefix, String gate, String up, String down) {
        for (int e = 0; e < spec.experts(); e++) {
            Binder expert = layer.at("experts." + e + ".", prefix + e + ".");
            if (spec.expert() instanceof GatedMlpSpec) {
                expert.bind("gate.weight", gate + ".weight");
            }
            expert.bind("up.weight", up + ".weight").bind("down.weight", down + ".weight");
        }
    }

    /// All experts in one tensor for each side: gate above up in [E, 2F, D] (ungated experts: [E, F, D]), and [E, D, F].
    ///
    /// @param layer at the mixture's prefixes
    /// @param width D, of the rows the experts read and write
    static void stacked(Binder layer, MixtureOfExpertsSpec spec, int width, String input, String output) {
        boolean gated = spec.expert() instanceof GatedMlpSpec;
        long inner = inner(spec.expert());
        long rows = gated ? 2 * inner : inner;
        layer.shaped(input, spec.experts(), rows, width).shaped(output, spec.experts(), width, inner);
        for (int e = 0; e < spec.experts(); e++) {
            Binder expert = layer.at("experts." + e + ".", "");
            if (gated) {
                expert.bindRows("gate.weight", input, e * rows, e * rows + inner);
            }
            expert.bindRows("up.weight", input, (e + 1) * rows - inner, (e + 1) * rows);
            expert.bindRows("down.weight", output, (long) e * width, (e + 1L) * width);
        }
    }

    private static int inner(ChannelMixerSpec expert) {
        return switch (expert) {
            case GatedMlpSpec mlp -> mlp.inner();
            case MlpSpec mlp -> mlp.inner();
            default -> throw new IllegalArgumentException("experts that are " + expert + " have no stacked form");
        };
    }

    /// A gated MLP whose gate lies above its up projection in one tensor `INPUT.weight` [2F, D].
    static void fusedMlp(Binder layer, GatedMlpSpec spec, String input, String output) {
        layer.bindRows("gate.weight", input + ".weight", 0, spec.inner());
        layer.bindRows("up.weight", input + ".weight", spec.inner(), 2L * spec.inner());
        layer.bind("down.weight", output + ".weight");
    }
}
