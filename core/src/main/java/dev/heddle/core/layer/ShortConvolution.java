package dev.heddle.core.layer;

import dev.heddle.core.op.CausalConvolution;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Multiply;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ShortConvolutionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Gated short convolution (Liquid AI 2025, LFM2): a depthwise causal convolution of a few positions between two
/// gates that depend on the row, y = out(C ⊙ conv(B ⊙ x)).
///
/// Parameters: `in_b.weight`, `in_c.weight`, `in_x.weight` [D, D] (checkpoints stack them), `conv.weight` [D, K],
/// `out_proj.weight` [D, D], and with biases `in_b|in_c|in_x|conv|out_proj.bias` [D].
final class ShortConvolution implements Layer {
    private final Tensor inB;
    private final Tensor inC;
    private final Tensor inX;
    private final Optional<Tensor> inBBias;
    private final Optional<Tensor> inCBias;
    private final Optional<Tensor> inXBias;
    private final Tensor conv;
    private final Optional<Tensor> convBias;
    private final Tensor outProj;
    private final Optional<Tensor> outBias;
    private final int convState;

    ShortConvolution(ShortConvolutionSpec spec, Scope scope) {
        int width = scope.width();
        inB = scope.matrix("in_b.weight", width, width);
        inC = scope.matrix("in_c.weight", width, width);
        inX = scope.matrix("in_x.weight", width, width);
        inBBias = scope.small(spec.bias(), "in_b.bias", width);
        inCBias = scope.small(spec.bias(), "in_c.bias", width);
        inXBias = scope.small(spec.bias(), "in_x.bias", width);
        conv = scope.small("conv.weight", Initial.CONVOLUTION, width, spec.conv());
        convBias = scope.small(spec.bias(), "conv.bias", width);
        outProj = scope.matrix("out_proj.weight", Initial.RESIDUAL, width, width);
        outBias = scope.small(spec.bias(), "out_proj.bias", width);
        convState = scope.recurrentState("conv", (spec.conv() - 1) * width);
    }

    @Override
    public Tensor forward(Pass pass, Tensor input) {
        Tensor[] bcx = Linear.apply(pass, input, inB, inC, inX);
        Tensor b = Biased.apply(pass, bcx[0], inBBias);
        Tensor c = Biased.apply(pass, bcx[1], inCBias);
        Tensor x = Multiply.apply(pass, b, Biased.apply(pass, bcx[2], inXBias));
        x = CausalConvolution.apply(pass, x, conv, convBias, Activation.IDENTITY, convState);
        return Linear.apply(pass, Multiply.apply(pass, c, x), outProj, outBias);
    }
}
