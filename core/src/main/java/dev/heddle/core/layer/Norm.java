package dev.heddle.core.layer;

import dev.heddle.core.op.L2Norm;
import dev.heddle.core.op.LayerNorm;
import dev.heddle.core.op.RmsNorm;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// A normalisation with its parameters.
public final class Norm {
    private final NormSpec spec;
    private final Optional<Tensor> weight;
    private final Optional<Tensor> bias;

    private Norm(NormSpec spec, Optional<Tensor> weight, Optional<Tensor> bias) {
        this.spec = spec;
        this.weight = weight;
        this.bias = bias;
    }

    static Norm build(Scope scope, NormSpec spec, int width) {
        return new Norm(spec, scope.small(!spec.isNone() && spec.weighted(), "weight",
                spec.unitOffset() ? Initial.ZERO : Initial.ONE, width),
                scope.small(!spec.isNone() && spec.bias(), "bias", width));
    }

    public boolean isNone() {
        return spec.isNone();
    }

    /// `x` itself if this is no norm.
    public Tensor forward(Pass pass, Tensor x) {
        return forward(pass, x, 1);
    }

    /// Over `groups` equal parts of each row. The weight covers the row, or one part and is then used for all.
    public Tensor forward(Pass pass, Tensor x, int groups) {
        return switch (spec.kind()) {
            case NONE -> x;
            case RMS -> RmsNorm.apply(pass, x, weight, spec.unitOffset() ? 1 : 0, spec.epsilon(), groups);
            case LAYER -> LayerNorm.apply(pass, x, weight, bias, spec.epsilon(), groups);
            case L2 -> L2Norm.apply(pass, x, spec.epsilon(), false, groups);
        };
    }
}
