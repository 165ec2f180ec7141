package dev.heddle.core.layer;

import dev.heddle.core.kernel.MatrixWkv.Shape;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Interpolate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.MatrixWkv;
import dev.heddle.core.op.NegativeExp;
import dev.heddle.core.op.TokenShift;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.tensor.Tensor;

/// The time mix of RWKV-5 (Peng et al. 2024, section 4.1): output(silu(g) ⊙ norm(wkv(r, k, v))).
///
/// Parameters: `mix_k`, `mix_v`, `mix_r`, `mix_g` [D], `time_decay`, `bonus` [H, K] or [H],
/// `key|value|receptance|gate.weight` [H·K, D], `head_norm.weight`, `head_norm.bias` [H·K], `output.weight` [D, H·K].
final class Rwkv5TimeMix implements Layer {
    private final Rwkv5TimeMixSpec spec;
    private final Shape shape;
    private final Tensor mixKey;
    private final Tensor mixValue;
    private final Tensor mixReceptance;
    private final Tensor timeDecay;
    private final Tensor bonus;
    private final Tensor key;
    private final Tensor value;
    private final Tensor receptance;
    private final Tensor[] gate;
    private final Norm headNorm;
    private final Tensor output;
    private final int shift;
    private final int state;

    Rwkv5TimeMix(Rwkv5TimeMixSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        RwkvInitial initial = RwkvInitial.of(scope);
        int inner = spec.inner();
        long[] rates = spec.perHead() ? new long[] {spec.heads()} : new long[] {spec.heads(), spec.headDim()};
        shape = new Shape(spec.heads(), spec.headDim(), spec.headDim());
        mixKey = scope.small("mix_k", initial.present(1, 0), width);
        mixValue = scope.small("mix_v", initial.present(1, 0.3), width);
        mixReceptance = scope.small("mix_r", initial.present(0.5, 0), width);
        timeDecay = flat(scope.small("time_decay", initial.decay(-6, 5, 0.7, 1.3), rates));
        bonus = flat(scope.small("bonus", initial.laterBonus(), rates));
        key = scope.matrix("key.weight", inner, width);
        value = scope.matrix("value.weight", inner, width);
        receptance = scope.matrix("receptance.weight", inner, width);
        gate = spec.gated() ? new Tensor[] {scope.small("mix_g", initial.present(0.5, 0), width), scope.matrix("gate.weight", inner, width)}
                : new Tensor[0];
        headNorm = scope.norm("head_norm", NormSpec.layer(spec.epsilon()), inner);
        output = scope.matrix("output.weight", Initial.RESIDUAL, width, inner);
        shift = scope.recurrentState("shift", width);
        state = scope.largeState("wkv", shape.stateElements());
    }

    /// One row, whatever its grouping by heads.
    static Tensor flat(Tensor x) {
        return x.reshape(x.elements());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor previous = TokenShift.apply(pass, x, shift);
        Tensor k = Linear.apply(pass, Interpolate.apply(pass, previous, x, mixKey), key);
        Tensor v = Linear.apply(pass, Interpolate.apply(pass, previous, x, mixValue), value);
        Tensor r = Linear.apply(pass, Interpolate.apply(pass, previous, x, mixReceptance), receptance);
        Tensor y = MatrixWkv.apply(pass, shape, r, k, v, NegativeExp.ofParameter(pass, timeDecay), bonus, state);
        y = headNorm.forward(pass, y, spec.heads());
        if (spec.gated()) {
            Tensor g = Linear.apply(pass, Interpolate.apply(pass, previous, x, gate[0]), gate[1]);
            y = Gate.apply(pass, g, y, Activation.SILU);
        }
        return Linear.apply(pass, y, output);
    }
}
