package dev.heddle.train.run;

import dev.heddle.train.TrainingPass;
import java.util.Map;

/// Measures a model on what is held out, the same every time.
interface Evaluation {
    /// @param loss     nats per prediction
    /// @param accuracy share of right answers by number of pairs; empty for text
    record Result(double loss, Map<Integer, Double> accuracy) {
    }

    /// Tokens read by one evaluation; 0 if nothing is held out.
    long tokens();

    Result measure(TrainingPass pass);
}
