package dev.heddle.core.layer;

import dev.heddle.core.op.Concatenate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.SharedUseSpec;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// One use of a shared block: parameters under `shared.NAME`, states under this use's path.
///
/// Parameters of its own: `projection.weight` [D, D].
final class SharedUse implements Layer {
    private final SharedUseSpec spec;
    private final Layer block;
    private final Optional<Tensor> projection;

    SharedUse(SharedUseSpec spec, Scope scope) {
        this.spec = spec;
        LayerSpec shared = scope.spec().shared().get(spec.block());
        if (shared == null) {
            throw new SpecException("sharedUse.block", "\"" + spec.block() + "\" is not among the shared blocks "
                    + scope.spec().shared().keySet());
        }
        block = Layers.build(shared, scope.shared("shared." + spec.block()));
        projection = spec.projection()
                ? Optional.of(scope.own().matrix("projection.weight", scope.width(), scope.width())) : Optional.empty();
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor in = switch (spec.input()) {
            case STREAM -> x;
            case STREAM_AND_EMBEDDED -> Concatenate.apply(pass, x, pass.published(Layer.EMBEDDED));
        };
        Tensor y = block.forward(pass, in);
        return projection.isEmpty() ? y : Linear.apply(pass, y, projection.get());
    }
}
