package dev.heddle.core.spec;

/// The part of an image classifier between the pixels and the head.
public sealed interface ImageBackboneSpec permits PatchBackboneSpec, StagedBackboneSpec {
    /// Width of the features that reach the head.
    int features();
}
