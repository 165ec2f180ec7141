package dev.heddle.core.spec;

/// A layer that moves information between positions.
public sealed interface MixerSpec extends LayerSpec permits
        AttentionSpec,
        ImageMixerSpec,
        GatedDeltaNetSpec,
        LinearAttentionSpec,
        GatedMemoryUnitSpec,
        LatentAttentionSpec,
        Mamba1Spec,
        Mamba2Spec,
        RetentionSpec,
        RgLruSpec,
        Rwkv4TimeMixSpec,
        Rwkv5TimeMixSpec,
        Rwkv6TimeMixSpec,
        Rwkv7TimeMixSpec,
        S4dSpec,
        ShortConvolutionSpec {
}
