package dev.heddle.core.layer;

import dev.heddle.core.kernel.BidirectionalAttention.Shape;
import dev.heddle.core.op.BidirectionalAttention;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.BidirectionalAttentionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Softmax attention of every row to every row of its sequence: project, attend, project back.
///
/// Parameters: `q|k|v.weight` [H·K, D], `o.weight` [D, H·K], biases `q|k|v|o.bias`.
final class BidirectionalAttentionLayer implements Layer {
    private final Shape shape;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor o;
    private final Optional<Tensor> qBias;
    private final Optional<Tensor> kBias;
    private final Optional<Tensor> vBias;
    private final Optional<Tensor> oBias;

    BidirectionalAttentionLayer(BidirectionalAttentionSpec spec, Scope scope) {
        int inner = spec.heads() * spec.headDim();
        q = scope.matrix("q.weight", inner, scope.width());
        k = scope.matrix("k.weight", inner, scope.width());
        v = scope.matrix("v.weight", inner, scope.width());
        o = scope.matrix("o.weight", scope.width(), inner);
        qBias = scope.small(spec.qkvBias(), "q.bias", inner);
        kBias = scope.small(spec.qkvBias(), "k.bias", inner);
        vBias = scope.small(spec.qkvBias(), "v.bias", inner);
        oBias = scope.small(spec.outputBias(), "o.bias", scope.width());
        shape = new Shape(spec.heads(), spec.headDim(), (float) (1 / Math.sqrt(spec.headDim())));
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] qkv = Linear.apply(pass, x, q, k, v);
        Tensor y = BidirectionalAttention.apply(pass, shape, Biased.apply(pass, qkv[0], qBias),
                Biased.apply(pass, qkv[1], kBias), Biased.apply(pass, qkv[2], vBias));
        return Linear.apply(pass, y, o, oBias);
    }
}
