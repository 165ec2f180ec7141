package dev.heddle.core.layer;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.NormedSpec;
import dev.heddle.core.tensor.Tensor;

/// y = body(norm(x)).
///
/// Parameters: `norm`, `body…` directly below.
final class Normed implements Layer {
    private final Norm norm;
    private final Layer body;

    Normed(NormedSpec spec, Scope scope) {
        norm = scope.norm("norm", spec.norm(), spec.width() == 0 ? scope.width() : spec.width());
        body = Layers.build(spec.body(), scope);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        return body.forward(pass, norm.forward(pass, x));
    }
}
