package dev.heddle.core.spec;

/// The mixer of MambaVision (Hatamizadeh & Kautz 2024, section 3.2). The projected row is halved; both halves pass a
/// symmetric convolution and SiLU, the first a selective scan as well; out([scan(x), z]) without any gate.
///
/// @param inner  width of the projected row, even
/// @param state  N, states per channel
/// @param conv   width of the convolutions
/// @param dtRank rank of the time-step projection
public record MambaVisionMixerSpec(int inner, int state, int conv, int dtRank) implements ImageMixerSpec {
    public MambaVisionMixerSpec {
        Check.divides("two", 2, "mambaVision.inner", inner);
        Check.positive("mambaVision.inner", inner);
        Check.positive("mambaVision.state", state);
        Check.positive("mambaVision.conv", conv);
        Check.positive("mambaVision.dtRank", dtRank);
    }
}
