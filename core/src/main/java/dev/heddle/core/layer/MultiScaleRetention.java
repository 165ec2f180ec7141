package dev.heddle.core.layer;

import dev.heddle.core.kernel.Retention.Shape;
import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.Retention;
import dev.heddle.core.op.RotaryEmbedding;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.stream.IntStream;

/// Multi-scale retention (Sun et al. 2023, section 2.3): out(silu(g x) ⊙ norm(retention(q x, k x / √K, v x))).
///
/// Parameters: `q.weight`, `k.weight` [H·K, D], `v.weight`, `g.weight` [H·V, D], `head_norm.weight` [V] if the norm has
/// one, `out.weight` [D, H·V].
final class MultiScaleRetention implements Layer {
    private final RetentionSpec spec;
    private final Shape shape;
    private final Tensor query;
    private final Tensor key;
    private final Tensor value;
    private final Tensor gate;
    private final Norm headNorm;
    private final Tensor out;
    private final int state;

    MultiScaleRetention(RetentionSpec spec, Scope scope) {
        this.spec = spec;
        long keys = (long) spec.heads() * spec.keyDim();
        long values = (long) spec.heads() * spec.valueDim();
        query = scope.matrix("q.weight", keys, scope.width());
        key = scope.matrix("k.weight", keys, scope.width());
        value = scope.matrix("v.weight", values, scope.width());
        gate = scope.matrix("g.weight", values, scope.width());
        headNorm = scope.norm("head_norm", spec.headNorm(), spec.valueDim());
        out = scope.matrix("out.weight", Initial.RESIDUAL, scope.width(), values);
        double[] logDecay = IntStream.range(0, spec.heads()).mapToDouble(h -> spec.decay().log(h, spec.heads())).toArray();
        shape = new Shape(spec.heads(), spec.keyDim(), spec.valueDim(), logDecay, spec.normalised());
        state = scope.largeState("retention", shape.stateElements());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] parts = Linear.apply(pass, x, query, key, value, gate);
        Tensor q = RotaryEmbedding.apply(pass, parts[0], spec.position(), spec.heads());
        Tensor k = RotaryEmbedding.apply(pass, parts[1], spec.position(), spec.heads());
        Tensor scaled = Scale.apply(pass, k, 1 / Math.sqrt(spec.keyDim()));
        Tensor y = headNorm.forward(pass, Retention.apply(pass, shape, q, scaled, parts[2], state), spec.heads());
        return Linear.apply(pass, Gate.apply(pass, parts[3], y, Activation.SILU), out);
    }
}
