package dev.heddle.core.layer;

import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Concatenate;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Scale;
import dev.heddle.core.op.SelectiveScan;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The Mamba layer (Gu & Dao 2023, figure 3): project to x and z, convolve x, let x choose time step, B and C,
/// scan, gate with silu(z), project back. With several heads each part of the channels chooses for itself (Zamba).
///
/// Parameters: `in_x.weight`, `in_z.weight` [I, D] (checkpoints stack them), `conv.weight` [I, K], `conv.bias` [I],
/// `out_proj.weight` [D, I], projection biases; and of each head, under `heads.h` if there are several, with I its
/// channels: `x_proj.weight` [R+2N, I], `dt_proj.weight` [I, R], `dt_proj.bias` [I], `A_log` [I, N], `D` [I], inner norms
/// `dt_norm` [R], `b_norm`, `c_norm` [N].
final class Mamba1 implements Layer {
    private final Tensor inX;
    private final Tensor inZ;
    private final Optional<Tensor> inXBias;
    private final Optional<Tensor> inZBias;
    private final Tensor conv;
    private final Optional<Tensor> convBias;
    private final Head[] heads;
    private final Optional<Tensor> outProj;
    private final Optional<Tensor> outBias;
    private final int convState;
    private final Optional<String> publishes;

    /// The selective scan of one head's channels.
    private static final class Head {
        private final Mamba1Spec spec;
        private final Tensor xProj;
        private final Tensor dtProj;
        private final Tensor dtBias;
        private final Norm dtNorm;
        private final Norm bNorm;
        private final Norm cNorm;
        private final Tensor aLog;
        private final Tensor skip;
        private final int scanState;

        Head(Mamba1Spec spec, Scope scope) {
            this.spec = spec;
            int inner = spec.headInner();
            xProj = scope.matrix("x_proj.weight", spec.dtRank() + 2L * spec.state(), inner);
            dtProj = scope.matrix("dt_proj.weight", Initial.uniform(-1 / Math.sqrt(spec.dtRank()), 1 / Math.sqrt(spec.dtRank())), inner, spec.dtRank());
            dtBias = scope.small("dt_proj.bias", Initial.timeStep(1e-3, 1e-1), inner);
            dtNorm = scope.norm("dt_norm", spec.innerNorm(), spec.dtRank());
            bNorm = scope.norm("b_norm", spec.innerNorm(), spec.state());
            cNorm = scope.norm("c_norm", spec.innerNorm(), spec.state());
            aLog = scope.small("A_log", Initial.each((_, n, _) -> Math.log(n + 1)), inner, spec.state());
            skip = scope.small("D", Initial.ONE, inner);
            scanState = scope.largeState("scan", spec.state() * inner);
        }

        Tensor forward(Pass pass, Tensor x) {
            Tensor dtBc = Linear.apply(pass, x, xProj);
            int rank = spec.dtRank();
            int n = spec.state();
            Tensor dt = dtNorm.forward(pass, dtBc.columnRange(0, rank));
            Tensor b = bNorm.forward(pass, dtBc.columnRange(rank, rank + n));
            Tensor c = cNorm.forward(pass, dtBc.columnRange(rank + n, rank + 2L * n));
            return SelectiveScan.apply(pass, x, Linear.apply(pass, dt, dtProj), Optional.of(dtBias), aLog, b, c,
                    Optional.of(skip), scanState);
        }
    }

    Mamba1(Mamba1Spec spec, Scope scope) {
        publishes = spec.publishes();
        int inner = spec.inner();
        int width = scope.width();
        inX = scope.matrix("in_x.weight", inner, width);
        inZ = scope.matrix("in_z.weight", inner, width);
        inXBias = scope.small(spec.projectionBias(), "in_x.bias", inner);
        inZBias = scope.small(spec.projectionBias(), "in_z.bias", inner);
        conv = scope.small("conv.weight", Initial.CONVOLUTION, inner, spec.conv());
        convBias = scope.small(spec.convBias(), "conv.bias", inner);
        convState = scope.recurrentState("conv", (spec.conv() - 1) * inner);
        heads = new Head[spec.heads()];
        for (int h = 0; h < heads.length; h++) {
            heads[h] = new Head(spec, heads.length == 1 ? scope : scope.child("heads." + h));
        }
        outProj = spec.outputProjection() ? Optional.of(scope.matrix("out_proj.weight", Initial.RESIDUAL, width, inner)) : Optional.empty();
        outBias = scope.small(spec.outputProjection() && spec.projectionBias(), "out_proj.bias", width);
    }

    @Override
    public Tensor forward(Pass pass, Tensor input) {
        Tensor[] xz = Linear.apply(pass, input, inX, inZ);
        Tensor x = Biased.apply(pass, xz[0], inXBias);
        Tensor z = Biased.apply(pass, xz[1], inZBias);
        x = CausalConvolution.apply(pass, x, conv, convBias, Activation.SILU, convState);
        Tensor[] parts = new Tensor[heads.length];
        int width = x.columns() / heads.length;
        for (int h = 0; h < heads.length; h++) {
            parts[h] = heads[h].forward(pass, heads.length == 1 ? x : x.columnRange((long) h * width, (h + 1L) * width));
        }
        Tensor y = Concatenate.apply(pass, parts);
        // later layers read it after this layer's scratch memory is given back
        publishes.ifPresent(name -> pass.publish(new PublishedMemory(name),
                Scale.into(pass, pass.takeLasting(y.rows(), y.columns()), y, 1)));
        Tensor gated = Gate.apply(pass, z, y, Activation.SILU);
        return outProj.isPresent() ? Linear.apply(pass, gated, outProj.get(), outBias) : gated;
    }
}
