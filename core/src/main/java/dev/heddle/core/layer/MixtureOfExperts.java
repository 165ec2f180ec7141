package dev.heddle.core.layer;

import dev.heddle.core.op.ExpertDispatch;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Each row goes to the few experts its router chooses; their outputs are added with the router's weights.
///
/// Parameters: `router.weight` [E, D], `router.bias` [E], and for expert e `experts.e.gate|up|down.weight`.
final class MixtureOfExperts implements Layer {
    private final MixtureOfExpertsSpec spec;
    private final Tensor router;
    private final Optional<Tensor> routerBias;
    private final Tensor[] gate;
    private final Tensor[] up;
    private final Tensor[] down;
    private final Activation activation;
    private final boolean gated;

    MixtureOfExperts(MixtureOfExpertsSpec spec, Scope scope) {
        this.spec = spec;
        ChannelMixerSpec expert = spec.expert();
        int inner = switch (expert) {
            case GatedMlpSpec mlp when !mlp.bias() && mlp.gateScale() == 1 && mlp.outputScale() == 1 -> mlp.inner();
            case MlpSpec mlp when !mlp.bias() -> mlp.inner();
            case GatedMlpSpec _, MlpSpec _, MixtureOfExpertsSpec _, RwkvChannelMixSpec _ ->
                    throw new SpecException("moe.expert", "must be an MLP without biases and factors, not " + expert);
        };
        gated = expert instanceof GatedMlpSpec;
        activation = switch (expert) {
            case GatedMlpSpec mlp -> mlp.activation();
            case MlpSpec mlp -> mlp.activation();
            case MixtureOfExpertsSpec _, RwkvChannelMixSpec _ -> Activation.IDENTITY;
        };
        router = scope.matrix("router.weight", spec.experts(), scope.width());
        routerBias = scope.small(spec.router().bias(), "router.bias", spec.experts());
        gate = new Tensor[gated ? spec.experts() : 0];
        up = new Tensor[spec.experts()];
        down = new Tensor[spec.experts()];
        for (int e = 0; e < spec.experts(); e++) {
            Scope child = scope.child("experts." + e).withShare((double) spec.active() / spec.experts());
            if (gated) {
                gate[e] = child.matrix("gate.weight", inner, scope.width());
            }
            up[e] = child.matrix("up.weight", inner, scope.width());
            down[e] = child.matrix("down.weight", scope.width(), inner);
        }
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        ExpertDispatch dispatch = ExpertDispatch.of(pass, Linear.apply(pass, x, router, routerBias), spec);
        Tensor rows = dispatch.gather(pass, x);
        Tensor inner = dispatch.product(pass, rows, up);
        inner = gated ? dispatch.gate(pass, dispatch.product(pass, rows, gate), inner, activation)
                : dispatch.activate(pass, inner, activation);
        return dispatch.scatter(pass, dispatch.product(pass, inner, down), x.columns());
    }
}
