package dev.heddle.core.spec;

/// Time mix of RWKV-7 (Peng et al. 2025, "Goose"): a generalised delta rule; later layers blend their values with those
/// of the first.
///
/// @param heads     heads H
/// @param headDim   width of a key and of a value head
/// @param decayRank rank of the decay map
/// @param rateRank  rank of the in-context learning rate map
/// @param valueRank rank of the value blend; 0 in the first layer, whose values are the ones blended in
/// @param gateRank  rank of the output gate
/// @param epsilon   ε of the norm of each head's output
public record Rwkv7TimeMixSpec(int heads, int headDim, int decayRank, int rateRank, int valueRank, int gateRank,
        double epsilon) implements MixerSpec {
    public Rwkv7TimeMixSpec {
        Check.positive("rwkv7TimeMix.heads", heads);
        Check.positive("rwkv7TimeMix.headDim", headDim);
        Check.positive("rwkv7TimeMix.decayRank", decayRank);
        Check.positive("rwkv7TimeMix.rateRank", rateRank);
        Check.notNegative("rwkv7TimeMix.valueRank", valueRank);
        Check.positive("rwkv7TimeMix.gateRank", gateRank);
        Check.notNegative("rwkv7TimeMix.epsilon", epsilon);
    }

    public int inner() {
        return heads * headDim;
    }

    /// Whether this layer's values are the ones later layers blend in.
    public boolean first() {
        return valueRank == 0;
    }
}
