package dev.heddle.core.layer;

import dev.heddle.core.op.BlockDiagonalLinear;
import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.RgLru;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The recurrent block of Griffin and Hawk (De et al. 2024, figure 2c): project to two branches, convolve one and run the
/// real-gated linear recurrence over it, multiply by the activated other, project back.
///
/// Parameters: `in.weight`, `gate.weight` [I, D], `conv.weight` [I, K], `recurrence_gate.h.weight`, `input_gate.h.weight`
/// [I/H, I/H] of each head h, `recurrence_gate.bias`, `input_gate.bias` [I], `lambda` [I], `out.weight` [D, I], biases
/// `in|gate|conv|out.bias`.
final class RgLruBlock implements Layer {
    /// Decays a at r = 1 whose squares are uniform between 0.9² and 0.999² (De et al. 2024, section 2.4), as λ.
    private static final Initial DECAYS = Initial.each((_, _, u) -> {
        double logDecay = 0.5 * Math.log(0.81 + u * (0.999 * 0.999 - 0.81));
        return Math.log(Math.expm1(-logDecay / dev.heddle.core.kernel.RgLru.DECAY_SCALE));
    });

    private final RgLruSpec spec;
    private final Tensor in;
    private final Tensor gate;
    private final Optional<Tensor> inBias;
    private final Optional<Tensor> gateBias;
    private final Tensor conv;
    private final Optional<Tensor> convBias;
    private final InnerGate recurrence;
    private final InnerGate input;
    private final Tensor lambda;
    private final Tensor out;
    private final Optional<Tensor> outBias;
    private final int convState;
    private final int lruState;

    /// A block-diagonal map.
    private record InnerGate(Tensor[] blocks, Optional<Tensor> bias) {
        static InnerGate of(RgLruSpec spec, Scope scope) {
            Tensor[] blocks = new Tensor[spec.heads()];
            for (int h = 0; h < blocks.length; h++) {
                blocks[h] = scope.matrix(h + ".weight", spec.headInner(), spec.headInner());
            }
            return new InnerGate(blocks, scope.small(spec.bias(), "bias", spec.inner()));
        }

        Tensor forward(Pass pass, Tensor x) {
            return BlockDiagonalLinear.apply(pass, x, blocks, bias);
        }
    }

    RgLruBlock(RgLruSpec spec, Scope scope) {
        this.spec = spec;
        int inner = spec.inner();
        in = scope.matrix("in.weight", inner, scope.width());
        gate = scope.matrix("gate.weight", inner, scope.width());
        inBias = scope.small(spec.bias(), "in.bias", inner);
        gateBias = scope.small(spec.bias(), "gate.bias", inner);
        conv = scope.small("conv.weight", Initial.CONVOLUTION, inner, spec.conv());
        convBias = scope.small(spec.bias(), "conv.bias", inner);
        recurrence = InnerGate.of(spec, scope.child("recurrence_gate"));
        input = InnerGate.of(spec, scope.child("input_gate"));
        lambda = scope.small("lambda", DECAYS, inner);
        out = scope.matrix("out.weight", Initial.RESIDUAL, scope.width(), inner);
        outBias = scope.small(spec.bias(), "out.bias", scope.width());
        convState = scope.recurrentState("conv", (spec.conv() - 1) * inner);
        lruState = scope.recurrentState("lru", inner);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] branches = Linear.apply(pass, x, in, gate);
        Tensor u = CausalConvolution.apply(pass, Biased.apply(pass, branches[0], inBias), conv, convBias,
                Activation.IDENTITY, convState);
        Tensor h = RgLru.apply(pass, u, recurrence.forward(pass, u), input.forward(pass, u), lambda, lruState);
        Tensor g = Biased.apply(pass, branches[1], gateBias);
        return Linear.apply(pass, Gate.apply(pass, g, h, spec.activation()), out, outBias);
    }
}
