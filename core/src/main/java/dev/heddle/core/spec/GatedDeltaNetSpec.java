package dev.heddle.core.spec;

/// Gated delta net (Yang et al. 2024, "Gated Delta Networks"), a linear attention whose state forgets and corrects itself.
///
/// @param keyHeads   query and key heads; divides `heads`
/// @param heads      value heads, each with a state of its own
/// @param keyDim     width of a query and key head
/// @param valueDim   width of a value head
/// @param conv       width of the causal convolution over queries, keys and values
/// @param activation non-linearity after the convolution
/// @param rateScale  factor on the rate sigmoid(b x); 2 allows negative eigenvalues of the transition (Grazzi et al. 2025)
/// @param headNorm   norm of each head's output before its gate
/// @param decayRank  width of a low-rank projection to a decay for each key channel (Kimi delta attention); 0 for a direct
///                   projection to one decay a head
/// @param gateRank   width of a low-rank projection to the gate; 0 for a direct one
/// @param gate       non-linearity on the gate
/// @param tiledHeads whether value head h reads key head h mod keyHeads, not h·keyHeads/heads (Qwen3.5 in GGUF files)
public record GatedDeltaNetSpec(
        @Default(sameAs = "heads") int keyHeads,
        int heads,
        int keyDim,
        @Default(sameAs = "keyDim") int valueDim,
        @Default("4") int conv,
        @Default("silu") Activation activation,
        @Default("1") double rateScale,
        NormSpec headNorm,
        @Default("0") int decayRank,
        @Default("0") int gateRank,
        @Default("silu") Activation gate,
        @Default("false") boolean tiledHeads) implements MixerSpec {
    public GatedDeltaNetSpec {
        Check.divides("gatedDeltaNet.keyHeads", keyHeads, "gatedDeltaNet.heads", heads);
        Check.positive("gatedDeltaNet.heads", heads);
        Check.positive("gatedDeltaNet.keyDim", keyDim);
        Check.positive("gatedDeltaNet.valueDim", valueDim);
        Check.positive("gatedDeltaNet.conv", conv);
        Check.present("gatedDeltaNet.activation", activation);
        Check.finite("gatedDeltaNet.rateScale", rateScale);
        Check.present("gatedDeltaNet.headNorm", headNorm);
        Check.notNegative("gatedDeltaNet.decayRank", decayRank);
        Check.notNegative("gatedDeltaNet.gateRank", gateRank);
        Check.present("gatedDeltaNet.gate", gate);
    }

    public GatedDeltaNetSpec(int keyHeads, int heads, int keyDim, int valueDim, int conv, Activation activation,
            double rateScale, NormSpec headNorm, int decayRank, int gateRank, Activation gate) {
        this(keyHeads, heads, keyDim, valueDim, conv, activation, rateScale, headNorm, decayRank, gateRank, gate, false);
    }

    /// One decay a head and a gate through silu, both projected directly.
    public GatedDeltaNetSpec(int keyHeads, int heads, int keyDim, int valueDim, int conv, Activation activation,
            double rateScale, NormSpec headNorm) {
        this(keyHeads, heads, keyDim, valueDim, conv, activation, rateScale, headNorm, 0, 0, Activation.SILU);
    }

    public GatedDeltaNetSpec withTiledHeads(boolean tiledHeads) {
        return new GatedDeltaNetSpec(keyHeads, heads, keyDim, valueDim, conv, activation, rateScale, headNorm, decayRank, gateRank,
                gate, tiledHeads);
    }

    /// Decays the state forgets by: one a head, or one for each key channel of each head.
    public int decays() {
        return decayRank == 0 ? heads : heads * keyDim;
    }

    /// Width of all queries, and of all keys.
    public int keyWidth() {
        return keyHeads * keyDim;
    }

    /// Width of all values.
    public int valueWidth() {
        return heads * valueDim;
    }

    /// Channels the convolution covers: queries, keys and values.
    public int convChannels() {
        return 2 * keyWidth() + valueWidth();
    }
}
