package dev.heddle.core.layer;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.AttentionDifference.Share;
import dev.heddle.core.op.Attention;
import dev.heddle.core.op.AttentionDifference;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.tensor.Tensor;

/// Differential attention (Ye et al. 2024): two attentions over the same values, the second subtracted from the first, then
/// (1 − λ_init)·norm of each pair of heads.
///
/// Parameters: those of [AttentionInputs], with the rows of `q` and `k` ordered so that the first heads of all pairs come
/// before the second ones; `lambda_q1|k1|q2|k2` [K], `head_norm.weight` [2·V], and those of [AttentionOutput].
final class DifferentialAttention implements Layer {
    private final AttentionSpec spec;
    private final AttentionInputs inputs;
    private final Shape shape;
    private final Share share;
    private final Norm headNorm;
    private final AttentionOutput output;

    DifferentialAttention(AttentionSpec spec, Scope scope) {
        this.spec = spec;
        inputs = new AttentionInputs(spec, scope);
        output = new AttentionOutput(spec, scope);
        shape = new Shape(spec.heads() / 2, spec.kvHeads() / 2, spec.headDim(), 2 * spec.valueDim(),
                (float) spec.scoreScale(), (float) spec.softcap(), spec.window(), spec.sinks(),
                spec.position() instanceof PositionSpec.Alibi);
        share = new Share(scope.small("lambda_q1", spec.headDim()), scope.small("lambda_k1", spec.headDim()),
                scope.small("lambda_q2", spec.headDim()), scope.small("lambda_k2", spec.headDim()),
                (float) spec.differential().initial());
        headNorm = scope.norm("head_norm", spec.differential().headNorm(), 2 * spec.valueDim());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        AttentionInputs.Projected in = inputs.project(pass, x);
        Tensor difference = AttentionDifference.apply(pass, attend(pass, in, 0), attend(pass, in, 1), share);
        Tensor normed = headNorm.forward(pass, difference, spec.heads() / 2);
        return output.forward(pass, Scale.apply(pass, normed, 1 - spec.differential().initial()), in.gate());
    }

    private Tensor attend(Pass pass, AttentionInputs.Projected in, long which) {
        long queries = (long) shape.heads() * shape.headDim();
        long keys = (long) shape.kvHeads() * shape.headDim();
        return Attention.apply(pass, shape, in.query().columnRange(which * queries, (which + 1) * queries),
                in.stored().keyColumns(which * keys, (which + 1) * keys));
    }
}
