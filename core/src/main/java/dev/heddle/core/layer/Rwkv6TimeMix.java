package dev.heddle.core.layer;

import dev.heddle.core.kernel.MatrixWkv.Shape;
import dev.heddle.core.op.Activate;
import dev.heddle.core.op.AddRow;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Interpolate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.MatrixWkv;
import dev.heddle.core.op.NegativeExp;
import dev.heddle.core.op.TokenShift;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.tensor.Tensor;

/// The time mix of RWKV-6 (Peng et al. 2024, section 4.2): a low-rank map of the input says, for each of w, k, v, r
/// and g, how far its rows lean to the row before; another one gives the decays.
///
/// Parameters: `mix_x` and for m in w, k, v, r, g `mix_m` [D], `mix_m.down.weight` [M, D], `mix_m.up.weight` [D, M];
/// `decay.down.weight` [R, D], `decay.up.weight` [H·K, R], `decay.bias` [H·K]; `bonus` [H, K];
/// `key|receptance.weight` [H·K, D], `value|gate.weight` [H·V, D], `head_norm.weight`, `head_norm.bias` [H·V],
/// `output.weight` [D, H·V].
final class Rwkv6TimeMix implements Layer {
    /// How one projection's rows are blended with the rows before.
    private record Mix(Tensor mean, Tensor down, Tensor up) {
        static Mix of(Scope scope, String name, int rank, Initial initial) {
            return new Mix(scope.small(name, initial, scope.width()),
                    scope.matrix(name + ".down.weight", RwkvInitial.FAINT, rank, scope.width()),
                    scope.matrix(name + ".up.weight", RwkvInitial.FAINT, scope.width(), rank));
        }

        /// @param lean tanh of the narrow map [T, M]
        Tensor apply(Pass pass, Tensor x, Tensor previous, Tensor lean) {
            return Interpolate.apply(pass, x, previous, AddRow.apply(pass, Linear.apply(pass, lean, up), mean));
        }
    }

    private final Rwkv6TimeMixSpec spec;
    private final Shape shape;
    private final Tensor mixInput;
    private final Mix[] mixes = new Mix[5];
    private final Tensor[] downs = new Tensor[5];
    private final LowRank decay;
    private final Tensor bonus;
    private final Tensor key;
    private final Tensor value;
    private final Tensor receptance;
    private final Tensor gate;
    private final Norm headNorm;
    private final Tensor output;
    private final int shift;
    private final int state;

    Rwkv6TimeMix(Rwkv6TimeMixSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        RwkvInitial initial = RwkvInitial.of(scope);
        int keys = spec.heads() * spec.keyDim();
        int values = spec.heads() * spec.valueDim();
        shape = new Shape(spec.heads(), spec.keyDim(), spec.valueDim());
        mixInput = scope.small("mix_x", initial.previous(1, 0), width);
        String[] names = {"mix_w", "mix_k", "mix_v", "mix_r", "mix_g"};
        Initial[] initials = {initial.previous(1, 0), initial.previous(1, 0), initial.previous(1, 0.3), initial.previous(0.5, 0),
            initial.previous(0.5, 0)};
        for (int m = 0; m < names.length; m++) {
            mixes[m] = Mix.of(scope, names[m], spec.mixRank(), initials[m]);
            downs[m] = mixes[m].down;
        }
        decay = new LowRank(scope.child("decay"), spec.decayRank(), keys, Activation.TANH, true,
                initial.decay(-6, 5, 0.7, 1.3));
        bonus = Rwkv5TimeMix.flat(scope.small("bonus", initial.laterBonus(), spec.heads(), spec.keyDim()));
        key = scope.matrix("key.weight", keys, width);
        value = scope.matrix("value.weight", values, width);
        receptance = scope.matrix("receptance.weight", keys, width);
        gate = scope.matrix("gate.weight", values, width);
        headNorm = scope.norm("head_norm", NormSpec.layer(spec.epsilon()), values);
        output = scope.matrix("output.weight", Initial.RESIDUAL, width, values);
        shift = scope.recurrentState("shift", width);
        state = scope.largeState("wkv", shape.stateElements());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor previous = TokenShift.apply(pass, x, shift);
        Tensor[] lean = Linear.apply(pass, Interpolate.apply(pass, x, previous, mixInput), downs);
        Tensor[] mixed = new Tensor[5];
        for (int m = 0; m < mixed.length; m++) {
            mixed[m] = mixes[m].apply(pass, x, previous, Activate.apply(pass, lean[m], Activation.TANH));
        }
        Tensor logDecay = NegativeExp.apply(pass, decay.forward(pass, mixed[0]));
        Tensor k = Linear.apply(pass, mixed[1], key);
        Tensor v = Linear.apply(pass, mixed[2], value);
        Tensor r = Linear.apply(pass, mixed[3], receptance);
        Tensor g = Linear.apply(pass, mixed[4], gate);
        Tensor y = headNorm.forward(pass, MatrixWkv.apply(pass, shape, r, k, v, logDecay, bonus, state), spec.heads());
        return Linear.apply(pass, Gate.apply(pass, g, y, Activation.SILU), output);
    }
}
