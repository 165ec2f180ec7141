package dev.heddle.core.layer;

import dev.heddle.core.op.MultiplyRow;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.LayerScaleSpec;
import dev.heddle.core.tensor.Tensor;

/// y = γ ⊙ body(x).
///
/// Parameters: `gamma` [D], the body's directly beside it.
final class LayerScale implements Layer {
    private final Layer body;
    private final Tensor gamma;

    LayerScale(LayerScaleSpec spec, Scope scope) {
        body = Layers.build(spec.body(), scope);
        gamma = scope.small("gamma", scope.width());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        return MultiplyRow.apply(pass, body.forward(pass, x), gamma);
    }
}
