package dev.heddle.core.layer;

import dev.heddle.core.kernel.DiagonalStateSpace.Shape;
import dev.heddle.core.op.Activate;
import dev.heddle.core.op.DiagonalStateSpace;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The layer of S4D (Gu et al. 2022, section 5): state space in every channel, activation, gated output.
///
/// Parameters: `dt_log` [D], `A_log` [D, M], `C` [D, M], and of complex states `A_imag`, `C_imag` [D, M]; `D` [D];
/// `out.weight`, `out_gate.weight` [D, D], `out.bias`, `out_gate.bias` [D].
final class S4d implements Layer {
    private final S4dSpec spec;
    private final Shape shape;
    private final DiagonalStateSpace.Parameters parameters;
    private final Tensor out;
    private final Tensor outGate;
    private final Tensor outBias;
    private final Tensor outGateBias;
    private final int state;

    S4d(S4dSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        int states = spec.storedStates();
        shape = new Shape(states, spec.complex());
        parameters = new DiagonalStateSpace.Parameters(
                scope.small("dt_log", Initial.uniform(Math.log(1e-3), Math.log(1e-1)), width),
                scope.small("A_log", Initial.each((_, n, _) -> Math.log(-spec.initialReal(n))), width, states),
                scope.small(spec.complex(), "A_imag", Initial.each((_, n, _) -> spec.initialImaginary(n)), width, states),
                scope.small("C", Initial.normal(1), width, states),
                scope.small(spec.complex(), "C_imag", Initial.normal(1), width, states),
                scope.small("D", Initial.ONE, width));
        out = scope.matrix("out.weight", Initial.RESIDUAL, width, width);
        outGate = scope.matrix("out_gate.weight", width, width);
        outBias = scope.small("out.bias", width);
        outGateBias = scope.small("out_gate.bias", width);
        state = scope.largeState("scan", shape.stateElements(width));
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor s = Activate.apply(pass, DiagonalStateSpace.apply(pass, shape, x, parameters, state), spec.activation());
        Tensor[] parts = Linear.apply(pass, s, out, outGate);
        return Gate.apply(pass, Biased.apply(pass, parts[1], Optional.of(outGateBias)),
                Biased.apply(pass, parts[0], Optional.of(outBias)), Activation.SIGMOID);
    }
}
