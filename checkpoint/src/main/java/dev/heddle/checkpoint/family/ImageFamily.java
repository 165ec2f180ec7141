package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.ImageModelSpec;
import java.util.Optional;

/// One kind of published image classifier; what [Family] is for language models.
public interface ImageFamily {
    /// The family's name, usually the `model_type` of its configurations.
    String name();

    /// Whether a configuration is of this family; without `model_type`, by keys no other family has.
    boolean accepts(Config config);

    /// The configuration of weights that come without one, if names and shapes of the tensors show that they are of this
    /// family and how large the model is.
    default Optional<Config> infer(WeightSource weights) {
        return Optional.empty();
    }

    /// The architecture a configuration describes.
    ///
    /// @param name what to call the model
    ImageModelSpec spec(Config config, String name);

    /// Says which tensor of the checkpoint each parameter is.
    void bind(Config config, ImageModelSpec spec, Binder binder);
}
