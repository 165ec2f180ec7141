package dev.heddle.core.spec;

/// One stage of a [StagedBackboneSpec].
public sealed interface ImageStageSpec permits ConvolutionStageSpec, WindowStageSpec {
    /// Number of blocks.
    int depth();
}
