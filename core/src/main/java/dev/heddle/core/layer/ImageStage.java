package dev.heddle.core.layer;

import dev.heddle.core.pass.Pass;

/// A built stage of a [StagedBackbone].
interface ImageStage {
    /// Maps a feature map to one of the same shape.
    FeatureMap forward(Pass pass, FeatureMap map);
}
