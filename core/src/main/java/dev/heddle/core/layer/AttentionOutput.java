package dev.heddle.core.layer;

import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The way back from attention's heads: o(sigmoid(gate) ⊙ y), the gate and the projection only if the layer has them.
///
/// Parameters: `o.weight` [D, H·V], `o.bias` [D].
final class AttentionOutput {
    private final Optional<Tensor> weight;
    private final Optional<Tensor> bias;

    AttentionOutput(AttentionSpec spec, Scope scope) {
        weight = spec.outputProjection()
                ? Optional.of(scope.matrix("o.weight", Initial.RESIDUAL, scope.width(), (long) spec.heads() * spec.valueDim()))
                : Optional.empty();
        bias = scope.small(spec.outputProjection() && spec.outputBias(), "o.bias", scope.width());
    }

    /// @param y [T, H·V]
    Tensor forward(Pass pass, Tensor y, Optional<Tensor> gate) {
        Tensor gated = gate.isPresent() ? Gate.apply(pass, gate.get(), y, Activation.SIGMOID) : y;
        return weight.isPresent() ? Linear.apply(pass, gated, weight.get(), bias) : gated;
    }
}
