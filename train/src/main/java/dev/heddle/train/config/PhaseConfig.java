package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;
import java.util.List;

/// A phase of a training after the first: annealing on a second mixture.
///
/// @param steps    its length
/// @param data     its mixture
/// @param schedule how the rate falls, from the peak on
public record PhaseConfig(long steps, List<DataConfig> data, @Default("{type: decay}") ScheduleConfig schedule) {
    public PhaseConfig {
        if (steps <= 0) {
            throw new SpecException("anneal.steps", "must be positive, not " + steps);
        }
        if (data.isEmpty()) {
            throw new SpecException("anneal.data", "is empty");
        }
    }
}
