package dev.heddle.core.layer;

import dev.heddle.core.op.Activate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// down(act(up x)).
///
/// Parameters: `up.weight` [F, D], `down.weight` [D, F], biases `up|down.bias`.
final class Mlp implements Layer {
    private final MlpSpec spec;
    private final Tensor up;
    private final Tensor down;
    private final Optional<Tensor> upBias;
    private final Optional<Tensor> downBias;

    Mlp(MlpSpec spec, Scope scope) {
        this.spec = spec;
        up = scope.matrix("up.weight", spec.inner(), scope.width());
        down = scope.matrix("down.weight", Initial.RESIDUAL, scope.width(), spec.inner());
        upBias = scope.small(spec.bias(), "up.bias", spec.inner());
        downBias = scope.small(spec.bias(), "down.bias", scope.width());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor inner = Activate.apply(pass, Linear.apply(pass, x, up, upBias), spec.activation());
        return Linear.apply(pass, inner, down, downBias);
    }
}
