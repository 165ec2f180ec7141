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

/// The schools of mixers, told apart by what a sequence must remember for them.
public enum MixerKind {
    /// Keys and values of every visible position.
    ATTENTION("attention"),
    /// A few states per channel, with a decay (Mamba, S4).
    STATE_SPACE("state space"),
    /// A matrix from keys to values per head (RWKV, retention, delta rule, kernelised attention).
    LINEAR_ATTENTION("linear attention"),
    /// One number per channel (RG-LRU).
    RECURRENT_UNIT("recurrent unit"),
    /// The last few positions.
    CONVOLUTION("convolution"),
    /// Nothing: it reads what an earlier layer has computed for the same position.
    MEMORY("memory");

    private final String title;

    MixerKind(String title) {
        this.title = title;
    }

    public String title() {
        return title;
    }

    /// Whether it carries a state of constant size from position to position.
    public boolean isRecurrent() {
        return switch (this) {
            case ATTENTION, MEMORY -> false;
            case STATE_SPACE, LINEAR_ATTENTION, RECURRENT_UNIT, CONVOLUTION -> true;
        };
    }

    public static MixerKind of(MixerSpec mixer) {
        return switch (mixer) {
            case AttentionSpec _, BidirectionalAttentionSpec _, LatentAttentionSpec _ -> ATTENTION;
            case Mamba1Spec _, Mamba2Spec _, S4dSpec _, BidirectionalMambaSpec _, MambaVisionMixerSpec _ -> STATE_SPACE;
            case GatedDeltaNetSpec _, LinearAttentionSpec _, RetentionSpec _, Rwkv4TimeMixSpec _, Rwkv5TimeMixSpec _, Rwkv6TimeMixSpec _,
                    Rwkv7TimeMixSpec _ -> LINEAR_ATTENTION;
            case RgLruSpec _ -> RECURRENT_UNIT;
            case ShortConvolutionSpec _ -> CONVOLUTION;
            case GatedMemoryUnitSpec _ -> MEMORY;
        };
    }

    /// What people call this mixer.
    public static String name(MixerSpec mixer) {
        return switch (mixer) {
            case AttentionSpec attention when attention.keyValues() instanceof AttentionSpec.KeyValueSource.Earlier ->
                    "shared-KV attention";
            case AttentionSpec attention when attention.window() > 0 -> "sliding window";
            case AttentionSpec _, BidirectionalAttentionSpec _ -> "attention";
            case LatentAttentionSpec _ -> "latent attention";
            case Mamba1Spec _ -> "Mamba";
            case BidirectionalMambaSpec _ -> "Mamba both ways";
            case MambaVisionMixerSpec _ -> "MambaVision mixer";
            case Mamba2Spec _ -> "Mamba-2";
            case GatedDeltaNetSpec _ -> "gated delta net";
            case RetentionSpec _ -> "retention";
            case LinearAttentionSpec _ -> "linear attention";
            case S4dSpec _ -> "S4D";
            case RgLruSpec _ -> "RG-LRU";
            case ShortConvolutionSpec _ -> "short convolution";
            case GatedMemoryUnitSpec _ -> "gated memory";
            case Rwkv4TimeMixSpec _ -> "RWKV-4";
            case Rwkv5TimeMixSpec _ -> "RWKV-5";
            case Rwkv6TimeMixSpec _ -> "RWKV-6";
            case Rwkv7TimeMixSpec _ -> "RWKV-7";
        };
    }
}
