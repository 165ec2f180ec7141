package dev.heddle.core.layer;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.op.Add;
import dev.heddle.core.op.ArrangeRows;
import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.PassingState;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.BidirectionalMambaSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Vision Mamba's mixer (Zhu et al. 2024, algorithm 1): x and z are projected once; x and its reverse each pass a causal
/// convolution and a selective scan of their own; the sum of both, in the order of the rows, is gated by silu(z),
/// scaled, and projected back.
///
/// Parameters: `in_x.weight`, `in_z.weight` [I, D], `in_x|in_z.bias`, under `forward` and `backward` the convolution
/// `conv.weight` [I, K], `conv.bias` and those of [SelectiveProjection], `out_proj.weight` [D, I], `out_proj.bias`.
final class BidirectionalMamba implements Layer {
    private record Direction(Tensor conv, Optional<Tensor> convBias, SelectiveProjection scan) {
        Tensor forward(Pass pass, Tensor x) {
            Tensor memory = PassingState.of(pass, (conv.columns() - 1) * x.columns());
            return scan.forward(pass, CausalConvolution.apply(pass, x, conv, convBias, Activation.SILU, memory));
        }
    }

    private final BidirectionalMambaSpec spec;
    private final Tensor inX;
    private final Tensor inZ;
    private final Optional<Tensor> inXBias;
    private final Optional<Tensor> inZBias;
    private final Direction ahead;
    private final Direction back;
    private final Tensor outProj;
    private final Optional<Tensor> outBias;

    BidirectionalMamba(BidirectionalMambaSpec spec, Scope scope) {
        this.spec = spec;
        int inner = spec.scan().inner();
        boolean bias = spec.scan().projectionBias();
        inX = scope.matrix("in_x.weight", inner, scope.width());
        inZ = scope.matrix("in_z.weight", inner, scope.width());
        inXBias = scope.small(bias, "in_x.bias", inner);
        inZBias = scope.small(bias, "in_z.bias", inner);
        ahead = direction(scope.child("forward"));
        back = direction(scope.child("backward"));
        outProj = scope.matrix("out_proj.weight", scope.width(), inner);
        outBias = scope.small(bias, "out_proj.bias", scope.width());
    }

    private Direction direction(Scope scope) {
        int inner = spec.scan().inner();
        return new Direction(scope.small("conv.weight", inner, spec.scan().conv()),
                scope.small(spec.scan().convBias(), "conv.bias", inner),
                new SelectiveProjection(scope, inner, spec.scan().state(), spec.scan().dtRank(), false));
    }

    @Override
    public Tensor forward(Pass pass, Tensor input) {
        Tensor[] xz = Linear.apply(pass, input, inX, inZ);
        Tensor x = Biased.apply(pass, xz[0], inXBias);
        Tensor z = Biased.apply(pass, xz[1], inZBias);
        int[] reversed = reversed(pass.segments());
        Tensor turned = back.forward(pass, ArrangeRows.apply(pass, x, reversed));
        Tensor sum = Add.apply(pass, ahead.forward(pass, x), ArrangeRows.apply(pass, turned, reversed), 1);
        Tensor gated = Scale.apply(pass, Gate.apply(pass, z, sum, Activation.SILU), spec.scale());
        return Linear.apply(pass, gated, outProj, outBias);
    }

    /// For each row the row that stands as far from the other end of its sequence.
    private static int[] reversed(Segments segments) {
        int[] rows = new int[segments.rows()];
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                rows[t] = segments.start(s) + segments.end(s) - 1 - t;
            }
        }
        return rows;
    }
}
