package dev.heddle.core.spec;

/// A mixer for which a sequence has no future: every row may see all others. Only image models can use it.
public sealed interface ImageMixerSpec extends MixerSpec permits
        BidirectionalAttentionSpec,
        BidirectionalMambaSpec,
        MambaVisionMixerSpec {
}
