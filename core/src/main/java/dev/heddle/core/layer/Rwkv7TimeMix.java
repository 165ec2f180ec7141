package dev.heddle.core.layer;

import dev.heddle.core.kernel.DeltaWkv.Inputs;
import dev.heddle.core.kernel.DeltaWkv.Shape;
import dev.heddle.core.op.Activate;
import dev.heddle.core.op.DeltaWkv;
import dev.heddle.core.op.Interpolate;
import dev.heddle.core.op.L2Norm;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Multiply;
import dev.heddle.core.op.MultiplyRow;
import dev.heddle.core.op.Scale;
import dev.heddle.core.op.TokenShift;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The time mix of RWKV-7 (Peng et al. 2025, section 4).
///
/// With xₘ = x + mix_m·(previous − x): g = −e^(−1/2)·sigmoid(decay(x_w)) the log decay, a = sigmoid(rate(x_a)) the
/// in-context learning rate, κ = k·removal / ‖k·removal‖ per head the removal key, k·(1 + (a − 1)·key_rate) the
/// replacement key, v leaning to the first layer's by sigmoid(value_mix(x_v)); then
/// output((norm(wkv) + (Σ r·k·bonus)·v) ⊙ up(sigmoid(down x_g))).
///
/// Parameters: `mix_r|w|k|v|a|g` [D]; `decay`, `rate`, `value_mix` (not in the first layer), `gate` (without bias) each
/// `.down.weight` [R, D], `.up.weight` [H·K, R], `.bias` [H·K]; `removal`, `key_rate` [H·K], `bonus` [H, K];
/// `receptance|key|value.weight` [H·K, D], `head_norm.weight`, `head_norm.bias` [H·K], `output.weight` [D, H·K].
final class Rwkv7TimeMix implements Layer {
    /// Under this key the first layer publishes its values [T, H·K].
    private static final String FIRST_VALUE = "rwkv7.first_value";
    private static final double NORM_FLOOR = 1e-12;
    private static final double SLOWEST = -Math.exp(-0.5);

    private final Rwkv7TimeMixSpec spec;
    private final Shape shape;
    private final Tensor mixReceptance;
    private final Tensor mixDecay;
    private final Tensor mixKey;
    private final Tensor mixValue;
    private final Tensor mixRate;
    private final Tensor mixGate;
    private final LowRank decay;
    private final LowRank rate;
    private final Optional<LowRank> valueMix;
    private final LowRank gate;
    private final Tensor removal;
    private final Tensor keyRate;
    private final Tensor bonus;
    private final Tensor receptance;
    private final Tensor key;
    private final Tensor value;
    private final Norm headNorm;
    private final Tensor output;
    private final int shift;
    private final int state;

    Rwkv7TimeMix(Rwkv7TimeMixSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        RwkvInitial initial = RwkvInitial.of(scope);
        int inner = spec.inner();
        shape = new Shape(spec.heads(), spec.headDim(), spec.headDim());
        mixReceptance = scope.small("mix_r", initial.previous(0.2, 0), width);
        mixDecay = scope.small("mix_w", initial.previous(0.9, 0), width);
        mixKey = scope.small("mix_k", initial.previous(0.7, 0), width);
        mixValue = scope.small("mix_v", initial.previous(0.7, 0), width);
        mixRate = scope.small("mix_a", initial.previous(0.9, 0), width);
        mixGate = scope.small("mix_g", initial.previous(0.2, 0), width);
        decay = new LowRank(scope.child("decay"), spec.decayRank(), inner, Activation.TANH, true,
                initial.decay(-6.5, 5, 0.85, 1));
        rate = new LowRank(scope.child("rate"), spec.rateRank(), inner, Activation.IDENTITY, true, Initial.ZERO);
        valueMix = spec.first() ? Optional.empty()
                : Optional.of(new LowRank(scope.child("value_mix"), spec.valueRank(), inner, Activation.IDENTITY, true,
                        Initial.ONE));
        gate = new LowRank(scope.child("gate"), spec.gateRank(), inner, Activation.SIGMOID, false, Initial.ZERO);
        removal = scope.small("removal", Initial.constant(0.85), inner);
        keyRate = scope.small("key_rate", Initial.ONE, inner);
        bonus = Rwkv5TimeMix.flat(scope.small("bonus", spec.heads(), spec.headDim()));
        receptance = scope.matrix("receptance.weight", inner, width);
        key = scope.matrix("key.weight", inner, width);
        value = scope.matrix("value.weight", inner, width);
        headNorm = scope.norm("head_norm", NormSpec.layer(spec.epsilon()), inner);
        output = scope.matrix("output.weight", Initial.RESIDUAL, width, inner);
        shift = scope.recurrentState("shift", width);
        state = scope.largeState("wkv", shape.stateElements());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor previous = TokenShift.apply(pass, x, shift);
        Tensor r = Linear.apply(pass, Interpolate.apply(pass, x, previous, mixReceptance), receptance);
        Tensor logDecay = Scale.apply(pass, Activate.apply(pass,
                decay.forward(pass, Interpolate.apply(pass, x, previous, mixDecay)), Activation.SIGMOID), SLOWEST);
        Tensor k = Linear.apply(pass, Interpolate.apply(pass, x, previous, mixKey), key);
        Tensor v = values(pass, Interpolate.apply(pass, x, previous, mixValue));
        Tensor a = Activate.apply(pass, rate.forward(pass, Interpolate.apply(pass, x, previous, mixRate)),
                Activation.SIGMOID);
        Tensor g = gate.forward(pass, Interpolate.apply(pass, x, previous, mixGate));
        Tensor kappa = L2Norm.apply(pass, MultiplyRow.apply(pass, k, removal), NORM_FLOOR, false, spec.heads());
        Tensor replacement = Interpolate.apply(pass, k, Multiply.apply(pass, k, a), keyRate);
        Tensor y = DeltaWkv.apply(pass, shape, new Inputs(r, logDecay, replacement, v, kappa, a), state);
        y = DeltaWkv.bonus(pass, shape, headNorm.forward(pass, y, spec.heads()), r, replacement, v, bonus);
        return Linear.apply(pass, Multiply.apply(pass, y, g), output);
    }

    private Tensor values(Pass pass, Tensor x) {
        Tensor v = Linear.apply(pass, x, value);
        if (valueMix.isEmpty()) {
            // later layers read it after this layer's scratch memory is given back
            pass.publish(FIRST_VALUE, Scale.into(pass, pass.takeLasting(v.rows(), v.columns()), v, 1));
            return v;
        }
        Tensor lean = Activate.apply(pass, valueMix.get().forward(pass, x), Activation.SIGMOID);
        return Interpolate.apply(pass, v, pass.published(FIRST_VALUE), lean);
    }
}
