package dev.heddle.core.layer;

import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Scale;
import dev.heddle.core.op.StateSpaceDual;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The Mamba-2 layer (Dao & Gu 2024, figure 6): project to z, x, B, C and time steps at once, convolve x, B and C,
/// run the state-space dual recurrence, gate and normalise, project back.
///
/// Parameters: `in_z.weight` [I, D], `in_xbc.weight` [I+2GN, D], `in_dt.weight` [H, D] (checkpoints stack them),
/// `conv.weight` [I+2GN, K], `conv.bias`, `dt_bias`, `A_log`, `D` [H], `norm.weight` [I], `out_proj.weight` [D, I],
/// projection biases.
final class Mamba2 implements Layer {
    private final Mamba2Spec spec;
    private final Shape shape;
    private final Tensor inZ;
    private final Tensor inXbc;
    private final Tensor inDt;
    private final Optional<Tensor> inZBias;
    private final Optional<Tensor> inXbcBias;
    private final Optional<Tensor> inDtBias;
    private final Tensor conv;
    private final Optional<Tensor> convBias;
    private final Tensor dtBias;
    private final Tensor aLog;
    private final Tensor skip;
    private final Norm norm;
    private final Tensor outProj;
    private final Optional<Tensor> outBias;
    private final int convState;
    private final int ssdState;

    Mamba2(Mamba2Spec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        int inner = spec.inner();
        inZ = scope.matrix("in_z.weight", inner, width);
        inXbc = scope.matrix("in_xbc.weight", spec.convChannels(), width);
        inDt = scope.matrix("in_dt.weight", spec.heads(), width);
        inZBias = scope.small(spec.projectionBias(), "in_z.bias", inner);
        inXbcBias = scope.small(spec.projectionBias(), "in_xbc.bias", spec.convChannels());
        inDtBias = scope.small(spec.projectionBias(), "in_dt.bias", spec.heads());
        conv = scope.small("conv.weight", Initial.CONVOLUTION, spec.convChannels(), spec.conv());
        convBias = scope.small(spec.convBias(), "conv.bias", spec.convChannels());
        dtBias = scope.small("dt_bias", Initial.timeStep(1e-3, 1e-1), spec.heads());
        aLog = scope.small("A_log", Initial.each((_, _, u) -> Math.log(1 + 15 * u)), spec.heads());
        skip = scope.small("D", Initial.ONE, spec.heads());
        norm = scope.norm("gate_norm", spec.norm(), inner);
        outProj = scope.matrix("out_proj.weight", Initial.RESIDUAL, width, inner);
        outBias = scope.small(spec.projectionBias(), "out_proj.bias", width);
        convState = scope.recurrentState("conv", (spec.conv() - 1) * spec.convChannels());
        ssdState = scope.largeState("ssd", spec.heads() * spec.headDim() * spec.state());
        shape = new Shape(spec.heads(), spec.headDim(), spec.groups(), spec.state(), spec.chunk(), (float) spec.dtMin(),
                (float) spec.dtMax());
    }

    @Override
    public Tensor forward(Pass pass, Tensor input) {
        Tensor[] parts = Linear.apply(pass, input, inZ, inXbc, inDt);
        Mamba2Spec.Scales scales = spec.scales();
        Tensor z = Scale.apply(pass, Biased.apply(pass, parts[0], inZBias), scales.z());
        Tensor xbc = scaled(pass, Biased.apply(pass, parts[1], inXbcBias));
        Tensor dt = Scale.apply(pass, Biased.apply(pass, parts[2], inDtBias), scales.dt());
        xbc = CausalConvolution.apply(pass, xbc, conv, convBias, Activation.SILU, convState);
        int inner = spec.inner();
        int gn = spec.groups() * spec.state();
        Tensor y = StateSpaceDual.apply(pass, shape, xbc.columnRange(0, inner), dt, Optional.of(dtBias), aLog,
                xbc.columnRange(inner, inner + gn), xbc.columnRange(inner + gn, inner + 2L * gn), Optional.of(skip), ssdState);
        return Linear.apply(pass, gated(pass, y, z), outProj, outBias);
    }

    private Tensor gated(Pass pass, Tensor y, Tensor z) {
        return switch (spec.gate()) {
            case GATE_THEN_NORM -> norm.forward(pass, Gate.apply(pass, z, y, Activation.SILU), spec.normGroups());
            case NORM_THEN_GATE -> Gate.apply(pass, z, norm.forward(pass, y, spec.normGroups()), Activation.SILU);
        };
    }

    /// Factors on the x, B and C columns, each in place where there is no tape.
    private Tensor scaled(Pass pass, Tensor xbc) {
        Mamba2Spec.Scales scales = spec.scales();
        if (scales.x() == 1 && scales.b() == 1 && scales.c() == 1) {
            return xbc;
        }
        int inner = spec.inner();
        int gn = spec.groups() * spec.state();
        Tensor y = pass.taped() ? pass.take(xbc.rows(), xbc.columns()) : xbc;
        Scale.into(pass, y.columnRange(0, inner), xbc.columnRange(0, inner), scales.x());
        Scale.into(pass, y.columnRange(inner, inner + gn), xbc.columnRange(inner, inner + gn), scales.b());
        Scale.into(pass, y.columnRange(inner + gn, inner + 2L * gn), xbc.columnRange(inner + gn, inner + 2L * gn), scales.c());
        return y;
    }
}
