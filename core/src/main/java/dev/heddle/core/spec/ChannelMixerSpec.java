package dev.heddle.core.spec;

/// A layer that works on each position alone.
public sealed interface ChannelMixerSpec extends LayerSpec permits
        GatedMlpSpec,
        MlpSpec,
        MixtureOfExpertsSpec {
}
