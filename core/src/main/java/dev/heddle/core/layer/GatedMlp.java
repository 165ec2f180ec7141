package dev.heddle.core.layer;

import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// down(act(gate x) ⊙ up x) (Shazeer 2020).
///
/// Parameters: `gate.weight`, `up.weight` [F, D], `down.weight` [D, F], biases `gate|up|down.bias`; of each use
/// `adapter.down.weight` [R, D], `adapter.gate.weight`, `adapter.up.weight` [F, R].
final class GatedMlp implements Layer {
    private final GatedMlpSpec spec;
    private final Tensor gate;
    private final Tensor up;
    private final Tensor down;
    private final Optional<Tensor> gateBias;
    private final Optional<Tensor> upBias;
    private final Optional<Tensor> downBias;
    private final Optional<Adapter> adapter;

    GatedMlp(GatedMlpSpec spec, Scope scope) {
        this.spec = spec;
        gate = scope.matrix("gate.weight", spec.inner(), scope.width());
        up = scope.matrix("up.weight", spec.inner(), scope.width());
        down = scope.matrix("down.weight", Initial.RESIDUAL, scope.width(), spec.inner());
        gateBias = scope.small(spec.bias(), "gate.bias", spec.inner());
        upBias = scope.small(spec.bias(), "up.bias", spec.inner());
        downBias = scope.small(spec.bias(), "down.bias", scope.width());
        adapter = Adapter.of(scope.own().child("adapter"), spec.adapterRank(), scope.width(),
                new Adapter.Output("gate", spec.inner()), new Adapter.Output("up", spec.inner()));
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] parts = Linear.apply(pass, x, gate, up);
        if (adapter.isPresent()) {
            parts = adapter.get().add(pass, parts, x);
        }
        Tensor g = Scale.apply(pass, Biased.apply(pass, parts[0], gateBias), spec.gateScale());
        Tensor u = Biased.apply(pass, parts[1], upBias);
        Tensor y = Linear.apply(pass, Gate.apply(pass, g, u, spec.activation()), down, downBias);
        return Scale.apply(pass, y, spec.outputScale());
    }
}
