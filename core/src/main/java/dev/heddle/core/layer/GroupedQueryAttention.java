package dev.heddle.core.layer;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.op.Attention;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.RotaryEmbedding;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Softmax attention with grouped key/value heads: project, normalise heads, rotate, attend, project back.
///
/// Parameters: `q.weight` [H·K, D], `k.weight` [kv·K, D], `v.weight` [kv·V, D], `o.weight` [D, H·V], biases
/// `q|k|v|o.bias`, head norms `q_norm`, `k_norm` [K].
final class GroupedQueryAttention implements Layer {
    private final AttentionSpec spec;
    private final Shape shape;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor o;
    private final Optional<Tensor> qBias;
    private final Optional<Tensor> kBias;
    private final Optional<Tensor> vBias;
    private final Optional<Tensor> oBias;
    private final Norm qNorm;
    private final Norm kNorm;
    private final int keyValues;

    GroupedQueryAttention(AttentionSpec spec, Scope scope) {
        this.spec = spec;
        int input = spec.inputWidth() == 0 ? scope.width() : spec.inputWidth();
        int queryWidth = spec.heads() * spec.headDim();
        int keyWidth = spec.kvHeads() * spec.headDim();
        int valueWidth = spec.kvHeads() * spec.valueDim();
        q = scope.matrix("q.weight", queryWidth, input);
        k = scope.matrix("k.weight", keyWidth, input);
        v = scope.matrix("v.weight", valueWidth, input);
        o = scope.matrix("o.weight", scope.width(), (long) spec.heads() * spec.valueDim());
        qBias = scope.small(spec.qkvBias(), "q.bias", queryWidth);
        kBias = scope.small(spec.qkvBias(), "k.bias", keyWidth);
        vBias = scope.small(spec.qkvBias(), "v.bias", valueWidth);
        oBias = scope.small(spec.outputBias(), "o.bias", scope.width());
        qNorm = scope.norm("q_norm", spec.queryKeyNorm(), spec.headDim());
        kNorm = scope.norm("k_norm", spec.queryKeyNorm(), spec.headDim());
        keyValues = scope.keyValues(keyWidth, valueWidth, spec.window());
        shape = new Shape(spec.heads(), spec.kvHeads(), spec.headDim(), spec.valueDim(), (float) spec.scoreScale(),
                (float) spec.softcap(), spec.window(), 0, spec.position() instanceof PositionSpec.Alibi);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] qkv = Linear.apply(pass, x, q, k, v);
        Tensor query = prepare(pass, Biased.apply(pass, qkv[0], qBias), qNorm, spec.heads());
        Tensor key = Scale.apply(pass, Biased.apply(pass, qkv[1], kBias), spec.keyScale());
        key = prepare(pass, key, kNorm, spec.kvHeads());
        Tensor value = Biased.apply(pass, qkv[2], vBias);
        return Linear.apply(pass, Attention.apply(pass, shape, query, key, value, keyValues), o, oBias);
    }

    private Tensor prepare(Pass pass, Tensor x, Norm norm, int heads) {
        Tensor normed = norm.forward(pass, x, heads);
        return spec.position() instanceof PositionSpec.Rotary rotary ? RotaryEmbedding.apply(pass, normed, rotary, heads)
                : normed;
    }
}
