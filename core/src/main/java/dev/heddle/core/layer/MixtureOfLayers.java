package dev.heddle.core.layer;

import dev.heddle.core.op.ExpertMixture;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Whole layers as experts: each runs over all rows and keeps its own state; the router's weights add up the outputs of
/// the chosen ones.
///
/// Parameters: `router.weight` [E, D], `router.bias` [E], the buffer `router.choice_bias` [E], the experts' under
/// `experts.e`.
final class MixtureOfLayers implements Layer {
    private final MixtureOfLayersSpec spec;
    private final Tensor router;
    private final Optional<Tensor> routerBias;
    private final Optional<Tensor> choiceBias;
    private final List<Layer> experts = new ArrayList<>();

    MixtureOfLayers(MixtureOfLayersSpec spec, Scope scope) {
        this.spec = spec;
        router = scope.matrix("router.weight", spec.experts(), scope.width());
        routerBias = scope.small(spec.router().bias(), "router.bias", spec.experts());
        choiceBias = spec.router().choiceBias() ? Optional.of(scope.buffer("router.choice_bias", spec.experts()))
                : Optional.empty();
        for (int e = 0; e < spec.experts(); e++) {
            experts.add(Layers.build(spec.expert(), scope.child("experts." + e)));
        }
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor scores = Linear.apply(pass, x, router, routerBias);
        List<Tensor> outputs = new ArrayList<>();
        for (Layer expert : experts) {
            outputs.add(expert.forward(pass, untouched(pass, x)));
        }
        return ExpertMixture.apply(pass, scores, choiceBias, spec.router(), spec.active(), outputs);
    }

    /// Residuals inside an expert add to their stream in place when there is no tape, and the others need it as it was.
    private static Tensor untouched(Pass pass, Tensor x) {
        if (pass.taped()) {
            return x;
        }
        Tensor copy = pass.take(x.rows(), x.columns());
        pass.kernels().elementwise().copy(copy, x);
        return copy;
    }
}
