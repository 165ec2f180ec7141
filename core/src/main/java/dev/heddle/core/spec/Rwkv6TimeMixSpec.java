package dev.heddle.core.spec;

/// Time mix of RWKV-6 (Peng et al. 2024, "Finch"): the input chooses how far each projection looks back and how fast
/// each key channel forgets.
///
/// @param heads     heads H
/// @param keyDim    width of a key head
/// @param valueDim  width of a value head
/// @param mixRank   rank of each of the five interpolation maps
/// @param decayRank rank of the decay map
/// @param epsilon   ε of the norm of each head's output
public record Rwkv6TimeMixSpec(int heads, int keyDim, int valueDim, int mixRank, int decayRank, double epsilon)
        implements MixerSpec {
    public Rwkv6TimeMixSpec {
        Check.positive("rwkv6TimeMix.heads", heads);
        Check.positive("rwkv6TimeMix.keyDim", keyDim);
        Check.positive("rwkv6TimeMix.valueDim", valueDim);
        Check.positive("rwkv6TimeMix.mixRank", mixRank);
        Check.positive("rwkv6TimeMix.decayRank", decayRank);
        Check.notNegative("rwkv6TimeMix.epsilon", epsilon);
    }
}
