package dev.heddle.core.spec;

/// Selective state space (Gu & Dao 2023, Mamba).
///
/// @param inner          width of the recurrence
/// @param state          N, states per channel
/// @param conv           width of the causal convolution
/// @param dtRank         rank of the time-step projection
/// @param convBias       bias of the convolution
/// @param projectionBias bias of the input and output projections
/// @param innerNorm      norm of time step, B and C (Jamba, Falcon-Mamba); [NormSpec#NONE] for none
/// @param heads          equal parts of the channels, each of which chooses its own time step, B and C (Zamba); 1 for all
public record Mamba1Spec(
        int inner,
        @Default("16") int state,
        @Default("4") int conv,
        int dtRank,
        @Default("true") boolean convBias,
        @Default("false") boolean projectionBias,
        @Default("none") NormSpec innerNorm,
        @Default("1") int heads) implements MixerSpec {
    public Mamba1Spec {
        Check.positive("mamba1.inner", inner);
        Check.positive("mamba1.state", state);
        Check.positive("mamba1.conv", conv);
        Check.positive("mamba1.dtRank", dtRank);
        Check.present("mamba1.innerNorm", innerNorm);
        Check.divides("mamba1.heads", heads, "mamba1.inner", inner);
    }

    public Mamba1Spec(int inner, int state, int conv, int dtRank, boolean convBias, boolean projectionBias,
            NormSpec innerNorm) {
        this(inner, state, conv, dtRank, convBias, projectionBias, innerNorm, 1);
    }

    /// Channels of a head.
    public int headInner() {
        return inner / heads;
    }
}
