package dev.heddle.core.spec;

/// Gated short convolution (Liquid AI 2025, LFM2): out(C ⊙ conv(B ⊙ x)) with B, C and x linear in the row.
///
/// @param conv width of the causal convolution
/// @param bias biases of the projections and of the convolution
public record ShortConvolutionSpec(
        @Default("3") int conv,
        @Default("false") boolean bias) implements MixerSpec {
    public ShortConvolutionSpec {
        Check.positive("shortConvolution.conv", conv);
    }
}
