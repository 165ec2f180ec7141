package dev.heddle.core.layer;

import dev.heddle.core.op.Activate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// up(act(down x)) (+ bias) through a narrow waist, the small input-dependent maps of RWKV-6 and 7.
///
/// Parameters: `down.weight` [R, D], `up.weight` [O, R], `bias` [O].
final class LowRank {
    private final Tensor down;
    private final Tensor up;
    private final Optional<Tensor> bias;
    private final Activation activation;

    LowRank(Scope scope, int rank, int outputs, Activation activation, boolean bias, Initial biasInitial) {
        down = scope.matrix("down.weight", RwkvInitial.FAINT, rank, scope.width());
        up = scope.matrix("up.weight", outputs, rank);
        this.bias = scope.small(bias, "bias", biasInitial, outputs);
        this.activation = activation;
    }

    Tensor forward(Pass pass, Tensor x) {
        return Linear.apply(pass, Activate.apply(pass, Linear.apply(pass, x, down), activation), up, bias);
    }
}
