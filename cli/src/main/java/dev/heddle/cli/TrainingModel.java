package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.spec.ArchitectureSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.train.run.Start;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// What `model` in a training's configuration means: a specification file, a preset, or a checkpoint on disk or the hub.
final class TrainingModel implements AutoCloseable {
    private final Start start;
    private final Optional<Checkpoint> checkpoint;

    private TrainingModel(Start start, Optional<Checkpoint> checkpoint) {
        this.start = start;
        this.checkpoint = checkpoint;
    }

    /// @param base folder that relative paths start from
    static TrainingModel open(String model, Path base) {
        Path path = base.resolve(model);
        String lower = model.toLowerCase(Locale.ROOT);
        if (Files.isRegularFile(path) && (lower.endsWith(".yaml") || lower.endsWith(".yml") || lower.endsWith(".json"))) {
            return new TrainingModel(Start.of(languageModel(ModelSpecs.of(path))), Optional.empty());
        }
        if (!Files.exists(path) && Zoo.contains(model)) {
            Preset preset = Zoo.get(model);
            return new TrainingModel(Start.of(Zoo.config(preset), preset.name()), Optional.empty());
        }
        Checkpoint opened = checkpoint(model, base);
        return new TrainingModel(Start.of(opened), Optional.of(opened));
    }

    /// A checkpoint on disk or the hub.
    static Checkpoint checkpoint(String model, Path base) {
        Path path = base.resolve(model);
        return Checkpoint.open(Files.exists(path) ? path : ModelArgument.folder(model));
    }

    private static ModelSpec languageModel(ArchitectureSpec architecture) {
        return switch (architecture) {
            case ModelSpec language -> language;
            case ImageModelSpec image -> throw new CheckpointException(image.name() + " classifies images; only language models"
                    + " can be trained");
        };
    }

    Start start() {
        return start;
    }

    /// Where the checkpoint keeps its tokenizer.
    /// @throws CheckpointException if there is no checkpoint to look in
    Path tokenizerFolder() {
        return checkpoint.map(Checkpoint::folder).orElseThrow(() -> new CheckpointException("the training needs a tokenizer: "
                + "name its file or folder as 'tokenizer'"));
    }

    @Override
    public void close() {
        checkpoint.ifPresent(Checkpoint::close);
    }
}
