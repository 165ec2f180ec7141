package dev.heddle.core.spec;

/// A layer that moves information between positions.
public sealed interface MixerSpec extends LayerSpec permits
        AttentionSpec,
        Mamba1Spec,
        Mamba2Spec {
}
