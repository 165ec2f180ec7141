package dev.heddle.core.spec;

/// Residual blocks of two convolutions: y = x + γ ⊙ norm(conv(act(norm(conv(x))))), each with its bias and batch norm.
///
/// @param depth      number of blocks
/// @param kernel     height and width of the convolutions, odd
/// @param activation between the two
/// @param scaled     whether there is a learned γ for each channel
public record ConvolutionStageSpec(int depth, int kernel, Activation activation, boolean scaled) implements ImageStageSpec {
    public ConvolutionStageSpec {
        Check.notNegative("convolutionStage.depth", depth);
        Check.positive("convolutionStage.kernel", kernel);
        Check.present("convolutionStage.activation", activation);
        if (kernel % 2 == 0) {
            throw new SpecException("convolutionStage.kernel", "must be odd, not " + kernel);
        }
    }
}
