package dev.heddle.train.run;

import dev.heddle.core.model.analysis.TrainingMemory;
import dev.heddle.train.Trainer;
import java.util.Map;

/// Hears how a run goes.
public interface RunListener {
    /// Tokens of a corpus written to shards so far.
    void tokenizing(String corpus, long tokens);

    /// Everything is ready.
    ///
    /// @param parameters numbers that are trained
    /// @param trainTokens tokens to learn from
    /// @param validationTokens tokens held out
    void started(long parameters, long trainTokens, long validationTokens);

    /// What a step takes.
    ///
    /// @param parameterBytes parameters, gradients and moments
    /// @param memory         activations and states of one pass
    void memory(long parameterBytes, TrainingMemory memory);

    /// Goes on after `step` steps of an earlier run.
    void resumed(long step);

    /// A step has been taken.
    ///
    /// @param total steps of the whole run
    void step(Trainer.Step step, long total);

    /// Loss on held-out text in nats per token.
    void evaluated(long step, double loss);

    /// Share of held-out recall sequences' answers that were right, by number of pairs.
    void recalled(long step, Map<Integer, Double> accuracy);

    /// The model and the training state have been saved.
    void saved(long step);
}
