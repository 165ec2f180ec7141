package dev.heddle.core.layer;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.op.Attention;
import dev.heddle.core.op.Concatenate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.LatentAttentionSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Multi-head latent attention (DeepSeek-AI 2024): c = norm(latent x); head h has the key [k_h c, common x] and the value
/// v_h c. Keys and values are remembered head by head.
///
/// Parameters: `q.weight` [H·(K+C), D], or `q_down.weight` [R, D], `q_norm.weight` [R] and `q_up.weight` [H·(K+C), R];
/// `latent.weight` [L, D], `common.weight` [C, D], `latent_norm.weight` [L], `k.weight` [H·K, L], `v.weight` [H·V, L],
/// `o.weight` [D, H·V].
final class LatentAttention implements Layer {
    private final LatentAttentionSpec spec;
    private final Shape shape;
    private final Tensor query;
    private final Optional<Tensor> queryUp;
    private final Norm queryNorm;
    private final Tensor latent;
    private final Tensor common;
    private final Norm latentNorm;
    private final Tensor key;
    private final Tensor value;
    private final Tensor out;
    private final int memory;

    LatentAttention(LatentAttentionSpec spec, Scope scope) {
        this.spec = spec;
        int width = scope.width();
        int queries = spec.heads() * spec.headDim();
        int values = spec.heads() * spec.valueDim();
        if (spec.queryRank() == 0) {
            query = scope.matrix("q.weight", queries, width);
            queryUp = Optional.empty();
            queryNorm = scope.norm("q_norm", NormSpec.NONE, queries);
        } else {
            query = scope.matrix("q_down.weight", spec.queryRank(), width);
            queryUp = Optional.of(scope.matrix("q_up.weight", queries, spec.queryRank()));
            queryNorm = scope.norm("q_norm", spec.norm(), spec.queryRank());
        }
        latent = scope.matrix("latent.weight", spec.latent(), width);
        common = scope.matrix("common.weight", spec.commonDim(), width);
        latentNorm = scope.norm("latent_norm", spec.norm(), spec.latent());
        key = scope.matrix("k.weight", (long) spec.heads() * spec.keyDim(), spec.latent());
        value = scope.matrix("v.weight", values, spec.latent());
        out = scope.matrix("o.weight", width, values);
        memory = scope.keyValues(spec.heads(), spec.headDim(), spec.valueDim(), 0);
        shape = new Shape(spec.heads(), spec.heads(), spec.headDim(), spec.valueDim(),
                (float) (1 / Math.sqrt(spec.headDim())), 0, 0, 0, false);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor[] parts = Linear.apply(pass, x, query, latent, common);
        Tensor q = queryNorm.forward(pass, parts[0]);
        if (queryUp.isPresent()) {
            q = Linear.apply(pass, q, queryUp.get());
        }
        Tensor[] heads = Linear.apply(pass, latentNorm.forward(pass, parts[1]), key, value);
        Tensor[] keys = new Tensor[2 * spec.heads()];
        for (int h = 0; h < spec.heads(); h++) {
            keys[2 * h] = heads[0].columnRange((long) h * spec.keyDim(), (h + 1L) * spec.keyDim());
            keys[2 * h + 1] = parts[2];
        }
        Attention.Stored stored = Attention.store(pass, Concatenate.apply(pass, keys), heads[1], memory);
        return Linear.apply(pass, Attention.apply(pass, shape, q, stored), out);
    }
}
