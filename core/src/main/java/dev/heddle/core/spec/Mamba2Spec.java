package dev.heddle.core.spec;

/// State-space dual layer with a scalar decay per head (Dao & Gu 2024, Mamba-2).
///
/// @param heads          heads H
/// @param headDim        P, channels of a head
/// @param state          N, states per channel
/// @param groups         groups that share B and C
/// @param conv           width of the causal convolution
/// @param chunk          positions a chunk of the prefill covers
/// @param convBias       bias of the convolution
/// @param projectionBias bias of the input and output projections
/// @param gate           how the gate z meets the output, see [Gate]
/// @param norm           norm beside the gate; [NormSpec#NONE] for none
/// @param normGroups     groups the norm works over
/// @param dtMin          lower bound of the time step
/// @param dtMax          upper bound of the time step; infinity for none
/// @param scales         factors on the z, x, B, C and time-step parts of the input projection (Falcon-H1); ones for none
public record Mamba2Spec(
        int heads,
        int headDim,
        int state,
        @Default("1") int groups,
        @Default("4") int conv,
        @Default("256") int chunk,
        @Default("true") boolean convBias,
        @Default("false") boolean projectionBias,
        @Default("gate_then_norm") Gate gate,
        NormSpec norm,
        @Default("1") int normGroups,
        @Default("0") double dtMin,
        @Default("infinity") double dtMax,
        @Default("one") Scales scales) implements MixerSpec {
    /// Order of norm and gate: `norm(y · silu(z))`, `norm(y) · silu(z)`.
    public enum Gate { GATE_THEN_NORM, NORM_THEN_GATE }

    public record Scales(double z, double x, double b, double c, double dt) {
        public static final Scales ONE = new Scales(1, 1, 1, 1, 1);
    }

    public Mamba2Spec {
        Check.positive("mamba2.heads", heads);
        Check.positive("mamba2.headDim", headDim);
        Check.positive("mamba2.state", state);
        Check.divides("mamba2.groups", groups, "mamba2.heads", heads);
        Check.positive("mamba2.conv", conv);
        Check.positive("mamba2.chunk", chunk);
        Check.present("mamba2.gate", gate);
        Check.present("mamba2.norm", norm);
        Check.divides("mamba2.normGroups", normGroups, "mamba2.inner", (long) heads * headDim);
        Check.notNegative("mamba2.dtMin", dtMin);
        Check.notNegative("mamba2.dtMax", dtMax);
        Check.present("mamba2.scales", scales);
    }

    public int inner() {
        return heads * headDim;
    }

    /// Channels the convolution covers: x, B and C.
    public int convChannels() {
        return inner() + 2 * groups * state;
    }

    /// Rows of the input projection: z, x, B, C and a time step per head.
    public int projectionRows() {
        return inner() + convChannels() + heads;
    }
}
