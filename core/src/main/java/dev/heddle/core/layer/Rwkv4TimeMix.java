package dev.heddle.core.layer;

import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Interpolate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.TokenShift;
import dev.heddle.core.op.Wkv;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.tensor.Tensor;

/// The time mix of RWKV-4 (Peng et al. 2023, eq. 11–16): output(sigmoid(r) ⊙ wkv(k, v)).
///
/// Parameters: `mix_k`, `mix_v`, `mix_r` [D], `time_decay`, `bonus` [I], `key|value|receptance.weight` [I, D],
/// `output.weight` [D, I].
final class Rwkv4TimeMix implements Layer {
    /// Below the exponent of any key, so that the first position counts alone.
    private static final float NO_EXPONENT = -1e38f;

    private final Tensor mixKey;
    private final Tensor mixValue;
    private final Tensor mixReceptance;
    private final Tensor timeDecay;
    private final Tensor bonus;
    private final Tensor key;
    private final Tensor value;
    private final Tensor receptance;
    private final Tensor output;
    private final int shift;
    private final int sums;
    private final int exponent;

    Rwkv4TimeMix(Rwkv4TimeMixSpec spec, Scope scope) {
        int width = scope.width();
        RwkvInitial initial = RwkvInitial.of(scope);
        int inner = spec.inner();
        mixKey = scope.small("mix_k", initial.present(1, 0), width);
        mixValue = scope.small("mix_v", initial.present(1, 0.3), width);
        mixReceptance = scope.small("mix_r", initial.present(0.5, 0), width);
        timeDecay = scope.small("time_decay", initial.decay(-5, 8, 0.7, 1.3), inner);
        bonus = scope.small("bonus", RwkvInitial.BONUS, inner);
        key = scope.matrix("key.weight", inner, width);
        value = scope.matrix("value.weight", inner, width);
        receptance = scope.matrix("receptance.weight", inner, width);
        output = scope.matrix("output.weight", Initial.RESIDUAL, width, inner);
        shift = scope.recurrentState("shift", width);
        sums = scope.recurrentState("sums", 2 * inner);
        exponent = scope.recurrentState("exponent", inner, NO_EXPONENT);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor previous = TokenShift.apply(pass, x, shift);
        Tensor k = Linear.apply(pass, Interpolate.apply(pass, previous, x, mixKey), key);
        Tensor v = Linear.apply(pass, Interpolate.apply(pass, previous, x, mixValue), value);
        Tensor r = Linear.apply(pass, Interpolate.apply(pass, previous, x, mixReceptance), receptance);
        Tensor y = Wkv.apply(pass, k, v, timeDecay, bonus, sums, exponent);
        return Linear.apply(pass, Gate.apply(pass, r, y, Activation.SIGMOID), output);
    }
}
