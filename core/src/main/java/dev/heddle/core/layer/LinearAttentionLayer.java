package dev.heddle.core.layer;

import dev.heddle.core.kernel.LinearAttention.Shape;
import dev.heddle.core.op.Activate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.LinearAttention;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Kernelised linear attention (Katharopoulos et al. 2020): project, map queries and keys, attend, project back.
///
/// Parameters: `q.weight`, `k.weight` [H·K, D], `v.weight` [H·V, D], `o.weight` [D, H·V], biases `q|k|v|o.bias`,
/// `head_norm`.
final class LinearAttentionLayer implements Layer {
    private final LinearAttentionSpec spec;
    private final Shape shape;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor o;
    private final Optional<Tensor> qBias;
    private final Optional<Tensor> kBias;
    private final Optional<Tensor> vBias;
    private final Optional<Tensor> oBias;
    private final Norm headNorm;
    private final int state;

    LinearAttentionLayer(LinearAttentionSpec spec, Scope scope) {
        this.spec = spec;
        int keys = spec.heads() * spec.keyDim();
        int values = spec.heads() * spec.valueDim();
        q = scope.matrix("q.weight", keys, scope.width());
        k = scope.matrix("k.weight", keys, scope.width());
        v = scope.matrix("v.weight", values, scope.width());
        o = scope.matrix("o.weight", scope.width(), values);
        qBias = scope.small(spec.bias(), "q.bias", keys);
        kBias = scope.small(spec.bias(), "k.bias", keys);
        vBias = scope.small(spec.bias(), "v.bias", values);
        oBias = scope.small(spec.bias(), "o.bias", scope.width());
        headNorm = scope.norm("head_norm", spec.headNorm(), spec.valueDim());
        shape = new Shape(spec.heads(), spec.keyDim(), spec.valueDim(), spec.normalised(), (float) spec.epsilon());
        state = scope.largeState("sums", shape.stateElements());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] qkv = Linear.apply(pass, x, q, k, v);
        Tensor query = Activate.apply(pass, Biased.apply(pass, qkv[0], qBias), spec.feature());
        Tensor key = Activate.apply(pass, Biased.apply(pass, qkv[1], kBias), spec.feature());
        Tensor y = LinearAttention.apply(pass, shape, query, key, Biased.apply(pass, qkv[2], vBias), state);
        return Linear.apply(pass, headNorm.forward(pass, y, spec.heads()), o, oBias);
    }
}
