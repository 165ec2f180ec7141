package dev.heddle.core.spec;

/// The recurrent block of Griffin and Hawk (De et al. 2024): out(act(gate x) ⊙ RG-LRU(conv(in x))), whose two inner gates
/// are block-diagonal maps of the convolution's output.
///
/// @param inner      width of the recurrence
/// @param heads      blocks of the gates' matrices; divides `inner`
/// @param conv       width of the causal convolution
/// @param activation non-linearity on the gate branch
/// @param bias       biases of the three projections, the convolution and the gates
public record RgLruSpec(
        int inner,
        int heads,
        @Default("4") int conv,
        @Default("gelu_tanh") Activation activation,
        @Default("true") boolean bias) implements MixerSpec {
    public RgLruSpec {
        Check.positive("rgLru.inner", inner);
        Check.divides("rgLru.heads", heads, "rgLru.inner", inner);
        Check.positive("rgLru.conv", conv);
        Check.present("rgLru.activation", activation);
    }

    /// Width of a gate's block.
    public int headInner() {
        return inner / heads;
    }
}
