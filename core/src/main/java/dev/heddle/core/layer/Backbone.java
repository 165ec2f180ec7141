package dev.heddle.core.layer;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ImageBackboneSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.PatchBackboneSpec;
import dev.heddle.core.spec.StagedBackboneSpec;
import dev.heddle.core.tensor.Tensor;

/// A built backbone of an image classifier.
public interface Backbone {
    /// One row of features [B, features] for each image.
    Tensor features(Pass pass, FeatureMap pixels);

    static Backbone build(ImageModelSpec model, Scope scope) {
        ImageBackboneSpec backbone = model.backbone();
        return switch (backbone) {
            case PatchBackboneSpec patches -> new PatchBackbone(model, patches, scope);
            case StagedBackboneSpec stages -> new StagedBackbone(model, stages, scope);
        };
    }
}
