package dev.heddle.core.spec;

import java.util.List;

/// Layers one after the other; a transformer block is a sequence of two residuals.
public record SequenceSpec(List<LayerSpec> layers) implements LayerSpec {
    public SequenceSpec {
        layers = Check.list("sequence.layers", layers);
    }

    public static SequenceSpec of(LayerSpec... layers) {
        return new SequenceSpec(List.of(layers));
    }
}
