package dev.heddle.core.layer;

import dev.heddle.core.op.Add;
import dev.heddle.core.op.ExpertDispatch;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.SharedExpert;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Each row goes to the few experts its router chooses; their outputs are added with the router's weights, and the
/// shared expert's to them. The equation stands at [MixtureOfExpertsSpec].
///
/// Parameters: `router.weight` [E, D], `router.bias` [E], the buffer `router.choice_bias` [E], the experts' under `experts.e`, the
/// shared one's under `shared`, `shared_gate.weight` [1, D], `latent_down.weight` [L, D], `latent_up.weight` [D, L] and
/// their biases.
final class MixtureOfExperts implements Layer {
    private final MixtureOfExpertsSpec spec;
    private final Tensor router;
    private final Optional<Tensor> routerBias;
    private final Optional<Tensor> choiceBias;
    private final ExpertMlps experts;
    private final Optional<Layer> shared;
    private final Optional<Tensor> sharedGate;
    private final Optional<Tensor> latentDown;
    private final Optional<Tensor> latentUp;
    private final Optional<Tensor> latentDownBias;
    private final Optional<Tensor> latentUpBias;

    MixtureOfExperts(MixtureOfExpertsSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        router = scope.matrix("router.weight", spec.experts(), width);
        routerBias = scope.small(spec.router().bias(), "router.bias", spec.experts());
        choiceBias = spec.router().choiceBias() ? Optional.of(scope.buffer("router.choice_bias", spec.experts()))
                : Optional.empty();
        boolean narrow = !spec.latent().isNone();
        int latent = narrow ? spec.latent().width() : width;
        latentDown = narrow ? Optional.of(scope.matrix("latent_down.weight", latent, width)) : Optional.empty();
        latentUp = narrow ? Optional.of(scope.matrix("latent_up.weight", Initial.RESIDUAL, width, latent)) : Optional.empty();
        latentDownBias = scope.small(narrow && spec.latent().bias(), "latent_down.bias", latent);
        latentUpBias = scope.small(narrow && spec.latent().bias(), "latent_up.bias", width);
        experts = new ExpertMlps(spec, scope.withWidth(latent));
        shared = spec.shared().map(one -> Layers.build(one.expert(), scope.child("shared")));
        sharedGate = spec.shared().filter(MixtureOfExpertsSpec.Shared::gated)
                .map(_ -> scope.matrix("shared_gate.weight", 1, width));
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        ExpertDispatch dispatch = ExpertDispatch.of(pass, Linear.apply(pass, x, router, routerBias), choiceBias, spec);
        Tensor y = latentDown.isEmpty() ? experts.forward(pass, dispatch, x)
                : Linear.apply(pass, experts.forward(pass, dispatch, Linear.apply(pass, x, latentDown.get(), latentDownBias)),
                        latentUp.orElseThrow(), latentUpBias);
        if (shared.isEmpty()) {
            return y;
        }
        Tensor common = shared.get().forward(pass, x);
        return sharedGate.isEmpty() ? Add.apply(pass, y, common, 1)
                : SharedExpert.apply(pass, y, common, Linear.apply(pass, x, sharedGate.get()));
    }
}
