package dev.heddle.core.layer;

import dev.heddle.core.op.Add;
import dev.heddle.core.op.Dropout;
import dev.heddle.core.pass.DropoutMask;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.tensor.Tensor;

/// y = x + scale · postNorm(body(preNorm(x))); in a training with dropout elements of the branch are dropped before they
/// are added.
///
/// Parameters: `norm`, `body…` directly below, `post_norm`.
final class Residual implements Layer {
    private final Norm preNorm;
    private final Layer body;
    private final Norm postNorm;
    private final double scale;
    private final long site;

    Residual(ResidualSpec spec, Scope scope) {
        preNorm = scope.norm("norm", spec.preNorm(), scope.width());
        body = Layers.build(spec.body(), scope);
        postNorm = scope.norm("post_norm", spec.postNorm(), scope.width());
        scale = spec.scale();
        site = DropoutMask.site(scope.use());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor y = pass.taped() ? pass.take(x.rows(), x.columns()) : x;
        long mark = pass.mark();
        Tensor out = postNorm.forward(pass, body.forward(pass, preNorm.forward(pass, x)));
        Add.into(pass, y, x, Dropout.apply(pass, out, site), scale);
        pass.release(mark);
        return y;
    }
}
