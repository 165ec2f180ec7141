package dev.heddle.core.layer;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.op.Attention;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.tensor.Tensor;

/// Softmax attention with grouped key/value heads: project, normalise heads, rotate, attend, gate, project back.
///
/// Parameters: those of [AttentionInputs], `o.weight` [D, H·V], `o.bias`.
final class GroupedQueryAttention implements Layer {
    private final AttentionInputs inputs;
    private final Shape shape;
    private final AttentionOutput output;

    GroupedQueryAttention(AttentionSpec spec, Scope scope) {
        inputs = new AttentionInputs(spec, scope);
        output = new AttentionOutput(spec, scope);
        shape = new Shape(spec.heads(), spec.kvHeads(), spec.headDim(), spec.valueDim(), (float) spec.scoreScale(),
                (float) spec.softcap(), spec.window(), spec.sinks(), spec.position() instanceof PositionSpec.Alibi);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        AttentionInputs.Projected in = inputs.project(pass, x);
        return output.forward(pass, Attention.apply(pass, shape, in.query(), in.stored()), in.gate());
    }
}
