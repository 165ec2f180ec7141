package dev.heddle.core.model.analysis;

import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;

/// What people call channel mixers.
final class ChannelMixerName {
    static final String EXPERTS = "experts";

    private ChannelMixerName() {
    }

    static String of(ChannelMixerSpec mixer) {
        return switch (mixer) {
            case GatedMlpSpec _ -> "gated MLP";
            case MlpSpec _ -> "MLP";
            case MixtureOfExpertsSpec _ -> EXPERTS;
            case RwkvChannelMixSpec _ -> "channel mix";
        };
    }
}
