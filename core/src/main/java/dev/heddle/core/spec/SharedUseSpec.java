package dev.heddle.core.spec;

/// A use of a block whose parameters the model holds once (`ModelSpec.shared`). State is keyed by use, parameters and
/// gradients by the shared block. What a use has of its own (its projection, adapters of the layers inside) lies under the
/// path of the use.
///
/// @param block      name of the shared block
/// @param input      what the block reads
/// @param projection whether a linear map [D, D] of this use alone follows the block (Zamba)
public record SharedUseSpec(String block, @Default("stream") Input input, @Default("false") boolean projection)
        implements LayerSpec {
    /// The residual stream [T, D], or beside it the embedded tokens [T, 2D] (Zamba).
    public enum Input { STREAM, STREAM_AND_EMBEDDED }

    public SharedUseSpec {
        Check.present("sharedUse.block", block);
        Check.present("sharedUse.input", input);
    }
}
