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
public record GatedDeltaNetSpec(
        @Default(sameAs = "heads") int keyHeads,
        int heads,
        int keyDim,
        @Default(sameAs = "keyDim") int valueDim,
        @Default("4") int conv,
        @Default("silu") Activation activation,
        @Default("1") double rateScale,
        NormSpec headNorm) implements MixerSpec {
    public GatedDeltaNetSpec {
        Check.divides("gatedDeltaNet.keyHeads", keyHeads, "gatedDeltaNet.heads", heads);
        Check.positive("gatedDeltaNet.heads", heads);
        Check.positive("gatedDeltaNet.keyDim", keyDim);
        Check.positive("gatedDeltaNet.valueDim", valueDim);
        Check.positive("gatedDeltaNet.conv", conv);
        Check.present("gatedDeltaNet.activation", activation);
        Check.finite("gatedDeltaNet.rateScale", rateScale);
        Check.present("gatedDeltaNet.headNorm", headNorm);
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
