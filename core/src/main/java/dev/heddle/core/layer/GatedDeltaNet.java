package dev.heddle.core.layer;

import dev.heddle.core.kernel.GatedDeltaRule.Inputs;
import dev.heddle.core.kernel.GatedDeltaRule.Shape;
import dev.heddle.core.op.Activate;
import dev.heddle.core.op.AddRow;
import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.GatedDeltaRule;
import dev.heddle.core.op.L2Norm;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.MultiplyRow;
import dev.heddle.core.op.NegativeExp;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The gated delta net layer (Yang et al. 2024, figure 1).
///
/// [q k v] = act(conv([q x, k x, v x])); q and k of length 1 in each head, q divided by √K; log decay
/// g = −exp(A_log)·softplus(decay x + dt_bias); rate β = rateScale·sigmoid(rate x); then
/// out(norm(delta rule(q, k, v, g, β)) ⊙ silu(gate x)).
///
/// Parameters: `q.weight`, `k.weight` [G·K, D], `v.weight`, `gate.weight` [H·V, D], `decay.weight`, `rate.weight` [H, D],
/// `conv.weight` [2·G·K+H·V, W], `dt_bias`, `A_log` [H], `head_norm.weight` [V], `out.weight` [D, H·V].
final class GatedDeltaNet implements Layer {
    /// Added to the squared length of queries and keys.
    private static final double LENGTH_EPSILON = 1e-6;

    private final GatedDeltaNetSpec spec;
    private final Shape shape;
    private final Tensor query;
    private final Tensor key;
    private final Tensor value;
    private final Tensor gate;
    private final Tensor decay;
    private final Tensor rate;
    private final Tensor conv;
    private final Tensor dtBias;
    private final Tensor aLog;
    private final Norm headNorm;
    private final Tensor out;
    private final int convState;
    private final int state;

    GatedDeltaNet(GatedDeltaNetSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        query = scope.matrix("q.weight", spec.keyWidth(), width);
        key = scope.matrix("k.weight", spec.keyWidth(), width);
        value = scope.matrix("v.weight", spec.valueWidth(), width);
        gate = scope.matrix("gate.weight", spec.valueWidth(), width);
        decay = scope.matrix("decay.weight", spec.heads(), width);
        rate = scope.matrix("rate.weight", spec.heads(), width);
        conv = scope.small("conv.weight", spec.convChannels(), spec.conv());
        dtBias = scope.small("dt_bias", spec.heads());
        aLog = scope.small("A_log", spec.heads());
        headNorm = scope.norm("head_norm", spec.headNorm(), spec.valueDim());
        out = scope.matrix("out.weight", width, spec.valueWidth());
        shape = new Shape(spec.keyHeads(), spec.heads(), spec.keyDim(), spec.valueDim());
        convState = scope.recurrentState("conv", (spec.conv() - 1) * spec.convChannels());
        state = scope.recurrentState("delta", shape.stateElements());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        int keys = spec.keyWidth();
        Tensor qkv = pass.take(x.rows(), spec.convChannels());
        Tensor z = pass.take(x.rows(), spec.valueWidth());
        Tensor a = pass.take(x.rows(), spec.heads());
        Tensor b = pass.take(x.rows(), spec.heads());
        Linear.into(pass, new Tensor[] {qkv.columnRange(0, keys), qkv.columnRange(keys, 2L * keys),
                qkv.columnRange(2L * keys, spec.convChannels()), z, a, b}, x, query, key, value, gate, decay, rate);
        qkv = CausalConvolution.apply(pass, qkv, conv, Optional.empty(), spec.activation(), convState);
        Tensor q = unit(pass, qkv.columnRange(0, keys));
        Tensor k = unit(pass, qkv.columnRange(keys, 2L * keys));
        Tensor step = Activate.apply(pass, AddRow.apply(pass, a, dtBias), Activation.SOFTPLUS);
        Tensor logDecay = MultiplyRow.apply(pass, step, NegativeExp.ofParameter(pass, aLog));
        Tensor beta = Scale.apply(pass, Activate.apply(pass, b, Activation.SIGMOID), spec.rateScale());
        Tensor y = GatedDeltaRule.apply(pass, shape, new Inputs(Scale.apply(pass, q, 1 / Math.sqrt(spec.keyDim())), k,
                qkv.columnRange(2L * keys, spec.convChannels()), logDecay, beta), state);
        return Linear.apply(pass, Gate.apply(pass, z, headNorm.forward(pass, y, spec.heads()), Activation.SILU), out);
    }

    private Tensor unit(Pass pass, Tensor x) {
        return L2Norm.apply(pass, x, LENGTH_EPSILON, true, spec.keyHeads());
    }
}
