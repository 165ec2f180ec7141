package dev.heddle.core.spec;

/// down(act(up x)).
///
/// @param inner      inner width F
/// @param activation non-linearity between the projections
/// @param bias       biases on both projections
public record MlpSpec(
        int inner,
        Activation activation,
        @Default("false") boolean bias) implements ChannelMixerSpec {
    public MlpSpec {
        Check.positive("mlp.inner", inner);
        Check.present("mlp.activation", activation);
    }
}
