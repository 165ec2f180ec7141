package dev.heddle.core.spec;

import java.util.Optional;

/// Selective state space (Gu & Dao 2023, Mamba).
///
/// @param inner            width of the recurrence
/// @param state            N, states per channel
/// @param conv             width of the causal convolution
/// @param dtRank           rank of the time-step projection
/// @param convBias         bias of the convolution
/// @param projectionBias   bias of the input and output projections
/// @param innerNorm        norm of time step, B and C (Jamba, Falcon-Mamba); [NormSpec#NONE] for none
/// @param heads            equal parts of the channels, each of which chooses its own time step, B and C (Zamba); 1 for
///                         all
/// @param outputProjection whether the channels are projected back to the model's width; without it they leave as they are
/// @param publishes        name under which gated memory units find what the scan has gathered, before its gate
public record Mamba1Spec(
        int inner,
        @Default("16") int state,
        @Default("4") int conv,
        int dtRank,
        @Default("true") boolean convBias,
        @Default("false") boolean projectionBias,
        @Default("none") NormSpec innerNorm,
        @Default("1") int heads,
        @Default("true") boolean outputProjection,
        @Default("none") Optional<String> publishes) implements MixerSpec {
    public Mamba1Spec {
        Check.positive("mamba1.inner", inner);
        Check.positive("mamba1.state", state);
        Check.positive("mamba1.conv", conv);
        Check.positive("mamba1.dtRank", dtRank);
        Check.present("mamba1.innerNorm", innerNorm);
        Check.divides("mamba1.heads", heads, "mamba1.inner", inner);
        Check.present("mamba1.publishes", publishes);
    }

    public Mamba1Spec(int inner, int state, int conv, int dtRank, boolean convBias, boolean projectionBias,
            NormSpec innerNorm) {
        this(inner, state, conv, dtRank, convBias, projectionBias, innerNorm, 1, true, Optional.empty());
    }

    public Mamba1Spec withHeads(int heads) {
        return new Mamba1Spec(inner, state, conv, dtRank, convBias, projectionBias, innerNorm, heads, outputProjection,
                publishes);
    }

    public Mamba1Spec withoutOutputProjection() {
        return new Mamba1Spec(inner, state, conv, dtRank, convBias, projectionBias, innerNorm, heads, false, publishes);
    }

    public Mamba1Spec withPublished(String name) {
        return new Mamba1Spec(inner, state, conv, dtRank, convBias, projectionBias, innerNorm, heads, outputProjection,
                Optional.of(name));
    }

    /// Channels of a head.
    public int headInner() {
        return inner / heads;
    }
}
