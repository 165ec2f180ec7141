package dev.heddle.core.spec;

/// A layer that works on each position alone (RWKV's also sees the one before).
public sealed interface ChannelMixerSpec extends LayerSpec permits
        GatedMlpSpec,
        MlpSpec,
        MixtureOfExpertsSpec,
        RwkvChannelMixSpec {
}
