package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.ModelSpec;
import java.util.Optional;

/// One kind of published checkpoint: what its configuration means and what its tensors are called.
public interface Family {
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
    ModelSpec spec(Config config, String name);

    /// Says which tensor of the checkpoint each parameter is.
    void bind(Config config, ModelSpec spec, Binder binder);
}
