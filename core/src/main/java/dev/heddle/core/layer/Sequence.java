package dev.heddle.core.layer;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Layers one after the other; parameters of the i-th under `i`.
final class Sequence implements Layer {
    private final List<Layer> layers = new ArrayList<>();

    Sequence(SequenceSpec spec, Scope scope) {
        for (int i = 0; i < spec.layers().size(); i++) {
            layers.add(Layers.build(spec.layers().get(i), scope.child(Integer.toString(i))));
        }
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor y = x;
        for (Layer layer : layers) {
            y = layer.forward(pass, y);
        }
        return y;
    }
}
