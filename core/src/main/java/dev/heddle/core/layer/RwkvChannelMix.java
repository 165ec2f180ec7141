package dev.heddle.core.layer;

import dev.heddle.core.op.Activate;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Interpolate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.TokenShift;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import dev.heddle.core.tensor.Tensor;

/// RWKV's channel mix (Peng et al. 2023, eq. 17): value(relu(key xₖ)²), gated by sigmoid(receptance xᵣ) up to RWKV-6.
///
/// Parameters: `mix_k`, `mix_r` [D], `key.weight` [F, D], `receptance.weight` [D, D], `value.weight` [D, F].
final class RwkvChannelMix implements Layer {
    private final RwkvChannelMixSpec spec;
    private final Tensor mixKey;
    private final Tensor key;
    private final Tensor[] receptance;
    private final Tensor value;
    private final int shift;

    RwkvChannelMix(RwkvChannelMixSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        RwkvInitial initial = RwkvInitial.of(scope);
        mixKey = scope.small("mix_k", mix(spec, initial, 1), width);
        key = scope.matrix("key.weight", spec.inner(), width);
        receptance = spec.receptance()
                ? new Tensor[] {scope.small("mix_r", mix(spec, initial, 1), width), scope.matrix("receptance.weight", width, width)} : new Tensor[0];
        value = scope.matrix("value.weight", Initial.RESIDUAL, width, spec.inner());
        shift = scope.recurrentState("shift", width);
    }

    private static Initial mix(RwkvChannelMixSpec spec, RwkvInitial initial, double power) {
        return switch (spec.stored()) {
            case PRESENT -> initial.present(power, 0);
            case PREVIOUS -> initial.previous(power, 0);
        };
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor previous = TokenShift.apply(pass, x, shift);
        Tensor inner = Activate.apply(pass, Linear.apply(pass, mixed(pass, x, previous, mixKey), key),
                Activation.RELU_SQUARED);
        Tensor out = Linear.apply(pass, inner, value);
        if (!spec.receptance()) {
            return out;
        }
        Tensor r = Linear.apply(pass, mixed(pass, x, previous, receptance[0]), receptance[1]);
        return Gate.apply(pass, r, out, Activation.SIGMOID);
    }

    private Tensor mixed(Pass pass, Tensor x, Tensor previous, Tensor weight) {
        return switch (spec.stored()) {
            case PRESENT -> Interpolate.apply(pass, previous, x, weight);
            case PREVIOUS -> Interpolate.apply(pass, x, previous, weight);
        };
    }
}
