package dev.heddle.core.layer;

import dev.heddle.core.kernel.GatedDeltaRule.Inputs;
import dev.heddle.core.kernel.GatedDeltaRule.Shape;
import dev.heddle.core.op.Activate;
import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.GatedDeltaRule;
import dev.heddle.core.op.L2Norm;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.LogDecay;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The gated delta net layer (Yang et al. 2024, figure 1).
///
/// [q k v] = act(conv([q x, k x, v x])); q and k of length 1 in each head, q divided by √K; log decay
/// g = −exp(A_log)·softplus(decay x + dt_bias), one a head or one for each key channel (Kimi Team 2025); rate
/// β = rateScale·sigmoid(rate x); then out(norm(delta rule(q, k, v, g, β)) ⊙ silu(gate x)).
///
/// Parameters: `q.weight`, `k.weight` [G·K, D], `v.weight` [H·V, D], `gate.weight` [H·V, D], `decay.weight` [H, D], or each
/// of these two as `.down.weight` [R, D] and `.up.weight`; `rate.weight` [H, D], `conv.weight` [2·G·K+H·V, W], `dt_bias` [H]
/// or [H·K], `A_log` [H], `head_norm.weight` [V], `out.weight` [D, H·V].
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
    private final Optional<Tensor> gateUp;
    private final Optional<Tensor> decayUp;
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
        gate = down(scope, "gate", spec.gateRank(), spec.valueWidth());
        decay = down(scope, "decay", spec.decayRank(), spec.decays());
        gateUp = up(scope, "gate", spec.gateRank(), spec.valueWidth());
        decayUp = up(scope, "decay", spec.decayRank(), spec.decays());
        rate = scope.matrix("rate.weight", spec.heads(), width);
        conv = scope.small("conv.weight", Initial.CONVOLUTION, spec.convChannels(), spec.conv());
        dtBias = scope.small("dt_bias", Initial.timeStep(1e-3, 1e-1), spec.decays());
        aLog = scope.small("A_log", Initial.each((_, _, u) -> Math.log(1e-3 + 16 * u)), spec.heads());
        headNorm = scope.norm("head_norm", spec.headNorm(), spec.valueDim());
        out = scope.matrix("out.weight", Initial.RESIDUAL, width, spec.valueWidth());
        shape = new Shape(spec.keyHeads(), spec.heads(), spec.keyDim(), spec.valueDim(), spec.tiledHeads());
        convState = scope.recurrentState("conv", (spec.conv() - 1) * spec.convChannels());
        state = scope.largeState("delta", shape.stateElements());
    }

    /// The whole projection, or its narrow first half.
    private static Tensor down(Scope scope, String name, int rank, int outputs) {
        return rank == 0 ? scope.matrix(name + ".weight", outputs, scope.width())
                : scope.matrix(name + ".down.weight", rank, scope.width());
    }

    private static Optional<Tensor> up(Scope scope, String name, int rank, int outputs) {
        return rank == 0 ? Optional.empty() : Optional.of(scope.matrix(name + ".up.weight", outputs, rank));
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        int keys = spec.keyWidth();
        Tensor qkv = pass.take(x.rows(), spec.convChannels());
        Tensor z = pass.take(x.rows(), gate.rows());
        Tensor a = pass.take(x.rows(), decay.rows());
        Tensor b = pass.take(x.rows(), spec.heads());
        Linear.into(pass, new Tensor[] {qkv.columnRange(0, keys), qkv.columnRange(keys, 2L * keys),
                qkv.columnRange(2L * keys, spec.convChannels()), z, a, b}, x, query, key, value, gate, decay, rate);
        qkv = CausalConvolution.apply(pass, qkv, conv, Optional.empty(), spec.activation(), convState);
        Tensor q = unit(pass, qkv.columnRange(0, keys));
        Tensor k = unit(pass, qkv.columnRange(keys, 2L * keys));
        Tensor logDecay = LogDecay.apply(pass, widened(pass, a, decayUp), dtBias, aLog);
        Tensor beta = Scale.apply(pass, Activate.apply(pass, b, Activation.SIGMOID), spec.rateScale());
        Tensor y = GatedDeltaRule.apply(pass, shape, new Inputs(Scale.apply(pass, q, 1 / Math.sqrt(spec.keyDim())), k,
                qkv.columnRange(2L * keys, spec.convChannels()), logDecay, beta), state);
        Tensor normed = headNorm.forward(pass, y, spec.heads());
        return Linear.apply(pass, Gate.apply(pass, widened(pass, z, gateUp), normed, spec.gate()), out);
    }

    private static Tensor widened(Pass pass, Tensor x, Optional<Tensor> up) {
        return up.isPresent() ? Linear.apply(pass, x, up.get()) : x;
    }

    private Tensor unit(Pass pass, Tensor x) {
        return L2Norm.apply(pass, x, LENGTH_EPSILON, true, spec.keyHeads());
    }
}
