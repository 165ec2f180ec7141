package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;

/// A model to learn from beside the text (Hinton et al. 2015): the loss is (1 − weight)·cross-entropy +
/// weight·temperature²·KL(teacher ‖ student).
///
/// @param model       checkpoint with the student's vocabulary
/// @param weight      of the divergence
/// @param temperature both models' logits are divided by before they are compared
public record TeacherConfig(String model, @Default("0.5") double weight, @Default("1") double temperature) {
    public TeacherConfig {
        if (!(weight >= 0 && weight <= 1)) {
            throw new SpecException("teacher.weight", "must lie in [0, 1], not " + weight);
        }
        if (!(temperature > 0) || !Double.isFinite(temperature)) {
            throw new SpecException("teacher.temperature", "must be positive, not " + temperature);
        }
    }
}
