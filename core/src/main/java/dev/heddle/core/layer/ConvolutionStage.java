package dev.heddle.core.layer;

import dev.heddle.core.op.Activate;
import dev.heddle.core.op.Add;
import dev.heddle.core.op.MultiplyRow;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ConvolutionStageSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Residual blocks y = x + γ ⊙ norm2(conv2(act(norm1(conv1(x))))).
///
/// Parameters of block j: `j.conv1`, `j.conv2` with `weight` [C, C, K, K] and `bias`, `j.norm1…`, `j.norm2…`, `j.gamma` [C].
final class ConvolutionStage implements ImageStage {
    private record Block(Convolution conv1, ChannelNorm norm1, Convolution conv2, ChannelNorm norm2, Optional<Tensor> gamma) {
    }

    private final ConvolutionStageSpec spec;
    private final List<Block> blocks = new ArrayList<>();

    ConvolutionStage(ConvolutionStageSpec spec, double epsilon, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        for (int j = 0; j < spec.depth(); j++) {
            Scope block = scope.child(Integer.toString(j));
            blocks.add(new Block(convolution(block.child("conv1")), new ChannelNorm(block.child("norm1"), width, epsilon),
                    convolution(block.child("conv2")), new ChannelNorm(block.child("norm2"), width, epsilon),
                    block.small(spec.scaled(), "gamma", width)));
        }
    }

    private Convolution convolution(Scope scope) {
        return new Convolution(scope, scope.width(), scope.width(), spec.kernel(), 1, spec.kernel() / 2, true);
    }

    @Override
    public FeatureMap forward(Pass pass, FeatureMap map) {
        FeatureMap out = map;
        for (Block block : blocks) {
            Tensor y = pass.taped() ? pass.take(out.x().rows(), out.x().columns()) : out.x();
            long mark = pass.mark();
            Tensor inner = block.norm1.forward(pass, block.conv1.forward(pass, out).x());
            FeatureMap active = out.with(Activate.apply(pass, inner, spec.activation()));
            Tensor body = block.norm2.forward(pass, block.conv2.forward(pass, active).x());
            Tensor scaled = block.gamma.isEmpty() ? body : MultiplyRow.apply(pass, body, block.gamma.get());
            out = out.with(Add.into(pass, y, out.x(), scaled, 1));
            pass.release(mark);
        }
        return out;
    }
}
