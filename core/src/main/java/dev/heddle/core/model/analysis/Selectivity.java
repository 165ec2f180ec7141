package dev.heddle.core.model.analysis;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.BidirectionalAttentionSpec;
import dev.heddle.core.spec.BidirectionalMambaSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMemoryUnitSpec;
import dev.heddle.core.spec.LatentAttentionSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MambaVisionMixerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.spec.ShortConvolutionSpec;

/// What of a mixer the input decides (Gu & Dao 2023, section 3: selection). A state space that lets the input choose its
/// time step, B and C can keep one token and pass over the next; one whose parameters are fixed treats all alike.
///
/// @param fading  how fast the past fades, the time step of a state space
/// @param writing how a row enters the state, B of a state space, keys, an input gate
/// @param reading how the state is read, C of a state space, queries
public record Selectivity(boolean fading, boolean writing, boolean reading) {
    private static final Selectivity ALL = new Selectivity(true, true, true);
    private static final Selectivity NONE = new Selectivity(false, false, false);
    private static final Selectivity FIXED_FADING = new Selectivity(false, true, true);

    public static Selectivity of(MixerSpec mixer) {
        return switch (mixer) {
            // softmax weighs every earlier row by its content
            case AttentionSpec _, BidirectionalAttentionSpec _, LatentAttentionSpec _ -> ALL;
            case Mamba1Spec _, Mamba2Spec _, BidirectionalMambaSpec _, MambaVisionMixerSpec _ -> ALL;
            case GatedDeltaNetSpec _, Rwkv6TimeMixSpec _, Rwkv7TimeMixSpec _ -> ALL;
            case LinearAttentionSpec _, RetentionSpec _, Rwkv4TimeMixSpec _, Rwkv5TimeMixSpec _ -> FIXED_FADING;
            case ShortConvolutionSpec _ -> FIXED_FADING;
            case RgLruSpec _ -> new Selectivity(true, true, false);
            case GatedMemoryUnitSpec _ -> new Selectivity(false, false, true);
            case S4dSpec _ -> NONE;
        };
    }

    /// Whether the input decides nothing, so that the mixer is a fixed convolution.
    public boolean isTimeInvariant() {
        return !fading && !writing && !reading;
    }
}
