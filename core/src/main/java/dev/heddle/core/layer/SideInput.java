package dev.heddle.core.layer;

import dev.heddle.core.op.Add;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.SideInputSpec;
import dev.heddle.core.tensor.Tensor;

/// y = body(x + side(x)); x itself stays as it is.
///
/// Parameters: those of the side layer under `side`, `body…` directly below.
final class SideInput implements Layer {
    private final Layer side;
    private final Layer body;

    SideInput(SideInputSpec spec, Scope scope) {
        side = Layers.build(spec.side(), scope.child("side"));
        body = Layers.build(spec.body(), scope);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        return body.forward(pass, Add.apply(pass, x, side.forward(pass, x), 1));
    }
}
