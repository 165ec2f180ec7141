package dev.heddle.core.layer;

import dev.heddle.core.op.Activate;
import dev.heddle.core.op.ExpertDispatch;
import dev.heddle.core.op.Gate;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.tensor.Tensor;

/// The experts of a mixture as MLPs without biases, gated or not, run side by side: rows sorted by expert, then one
/// product for each expert that has rows.
///
/// Parameters: for expert e `experts.e.gate|up.weight` [F, D] and `experts.e.down.weight` [D, F].
final class ExpertMlps {
    private final Tensor[] gate;
    private final Tensor[] up;
    private final Tensor[] down;
    private final Activation activation;
    private final boolean gated;
    private final int width;

    private record Kind(int inner, Activation activation, boolean gated) {
    }

    private static Kind kind(MixtureOfExpertsSpec spec) {
        return switch (spec.expert()) {
            case GatedMlpSpec mlp when !mlp.bias() && mlp.gateScale() == 1 && mlp.outputScale() == 1 ->
                    new Kind(mlp.inner(), mlp.activation(), true);
            case MlpSpec mlp when !mlp.bias() -> new Kind(mlp.inner(), mlp.activation(), false);
            case GatedMlpSpec _, MlpSpec _, MixtureOfExpertsSpec _, RwkvChannelMixSpec _ ->
                    throw new SpecException("moe.expert", "must be an MLP without biases and factors, not " + spec.expert());
        };
    }

    /// @param scope the mixture's, with the width of the rows the experts read
    ExpertMlps(MixtureOfExpertsSpec spec, Scope scope) {
        Kind kind = kind(spec);
        activation = kind.activation();
        gated = kind.gated();
        width = scope.width();
        int inner = kind.inner();
        gate = new Tensor[gated ? spec.experts() : 0];
        up = new Tensor[spec.experts()];
        down = new Tensor[spec.experts()];
        for (int e = 0; e < spec.experts(); e++) {
            Scope child = scope.child("experts." + e).withShare((double) spec.active() / spec.experts());
            if (gated) {
                gate[e] = child.matrix("gate.weight", inner, width);
            }
            up[e] = child.matrix("up.weight", inner, width);
            down[e] = child.matrix("down.weight", spec.latent().isNone() ? Initial.RESIDUAL : Initial.LINEAR, width, inner);
        }
    }

    /// The weighted sum of each row's experts, [T, D].
    Tensor forward(Pass pass, ExpertDispatch dispatch, Tensor x) {
        Tensor rows = dispatch.gather(pass, x);
        Tensor inner = dispatch.product(pass, rows, up);
        inner = gated ? Gate.apply(pass, dispatch.product(pass, rows, gate), inner, activation)
                : Activate.apply(pass, inner, activation);
        return dispatch.scatter(pass, dispatch.product(pass, inner, down), width);
    }
}
