package dev.heddle.train.config;

import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A training as a file. `docs/training.md` describes it with an example.
///
/// @param model           a specification file, a preset, or a checkpoint whose weights to begin with
/// @param tokenizer       file or folder; the checkpoint's own if left out
/// @param task            a made-up task to train on; it needs neither tokenizer nor data
/// @param data            the mixture
/// @param validation      held-out text to evaluate on; `heldOut` of the mixture's documents if left out
/// @param heldOut         part of the mixture's documents kept for validation
/// @param steps           steps of the first phase
/// @param schedule        of the first phase
/// @param anneal          a second phase
/// @param length          inputs of a lane in one pass
/// @param batch           lanes
/// @param accumulate      passes that make one step
/// @param carry           whether recurrent states pass from step to step within a document
/// @param recompute       whether blocks keep only their input for the backward and run once more; saves memory, costs time
/// @param seed            of initialisation, data order and dropout
/// @param dropout         share of elements of the residual branches that a training pass drops
/// @param balanceLoss     factor of the routers' load-balancing loss; left out: what the model's configuration says, or 0
/// @param balanceRate     rate at which routers that add a bias for their choice move it towards an even use of experts
/// @param optimizer       AdamW and learning rates
/// @param lora            train low-rank adapters instead of the weights
/// @param teacher         a model to learn from beside the text
/// @param freeze          parameters to leave as they are: names, or patterns such as `blocks.0.*`
/// @param evaluateEvery   steps between evaluations; 0 for none
/// @param evaluateTokens  most tokens of an evaluation
/// @param checkpointEvery steps between saved states; 0 for only the last
/// @param keep            saved states to keep
/// @param output          folder of the run
public record TrainConfig(
        String model,
        Optional<String> tokenizer,
        Optional<TaskConfig> task,
        @Default("[]") List<DataConfig> data,
        Optional<DataConfig> validation,
        @Default("0.005") double heldOut,
        long steps,
        @Default("{type: cosine}") ScheduleConfig schedule,
        Optional<PhaseConfig> anneal,
        @Default("256") int length,
        @Default("16") int batch,
        @Default("1") int accumulate,
        @Default("false") boolean carry,
        @Default("false") boolean recompute,
        @Default("1") long seed,
        @Default("0") double dropout,
        Optional<Double> balanceLoss,
        @Default("0") double balanceRate,
        @Default("{}") OptimizerConfig optimizer,
        Optional<LoraConfig> lora,
        Optional<TeacherConfig> teacher,
        @Default("[]") List<String> freeze,
        @Default("100") long evaluateEvery,
        @Default("65536") long evaluateTokens,
        @Default("500") long checkpointEvery,
        @Default("2") int keep,
        String output) {
    public TrainConfig {
        positive("steps", steps);
        positive("length", length);
        positive("batch", batch);
        positive("accumulate", accumulate);
        positive("keep", keep);
        if (task.isEmpty() && data.isEmpty()) {
            throw new SpecException("data", "is empty");
        }
        if (lora.isPresent() && !freeze.isEmpty()) {
            throw new SpecException("freeze", "means nothing beside lora, which trains only its adapters");
        }
        if (task.isPresent() && (!data.isEmpty() || validation.isPresent() || tokenizer.isPresent() || anneal.isPresent() || carry)) {
            throw new SpecException("task", "has sequences of its own: data, validation, tokenizer, anneal and carry mean nothing beside it");
        }
        if (!(heldOut >= 0 && heldOut < 1)) {
            throw new SpecException("heldOut", "must lie in [0, 1), not " + heldOut);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new SpecException("dropout", "must lie in [0, 1), not " + dropout);
        }
        if (!(balanceLoss.orElse(0.0) >= 0)) {
            throw new SpecException("balanceLoss", "must not be negative, not " + balanceLoss.get());
        }
        if (!(balanceRate >= 0)) {
            throw new SpecException("balanceRate", "must not be negative, not " + balanceRate);
        }
        if (evaluateEvery < 0 || checkpointEvery < 0 || evaluateTokens < 0) {
            throw new SpecException("evaluateEvery, evaluateTokens and checkpointEvery", "must not be negative");
        }
    }

    private static void positive(String field, long value) {
        if (value <= 0) {
            throw new SpecException(field, "must be positive, not " + value);
        }
    }

    /// The training in a YAML or JSON file.
    /// @throws dev.heddle.checkpoint.CheckpointException if it is missing, malformed, or has an unknown or unfit key
    public static TrainConfig read(Path file) {
        return SpecFile.record(TrainConfig.class, file);
    }

    /// The same training from another seed into another folder.
    public TrainConfig with(long seed, String output) {
        return new TrainConfig(model, tokenizer, task, data, validation, heldOut, steps, schedule, anneal, length, batch, accumulate,
                carry, recompute, seed, dropout, balanceLoss, balanceRate, optimizer, lora, teacher, freeze, evaluateEvery,
                evaluateTokens, checkpointEvery, keep, output);
    }
}
