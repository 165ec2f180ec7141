package dev.heddle.train.report;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.train.config.TrainConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What a run has left in its folder.
///
/// @param name         the folder's
/// @param architecture the model's; empty before it has been saved
/// @param config       the training's, if the folder has it
/// @param metrics      its numbers so far
public record RecordedRun(String name, Optional<Architecture> architecture, Optional<TrainConfig> config, RunMetrics metrics) {
    /// The training's configuration in a run's folder.
    public static final String CONFIGURATION = "training.yaml";
    /// The numbers of a run.
    public static final String METRICS = "metrics.jsonl";
    /// The page of a run.
    public static final String REPORT = "report.html";

    /// Reads a folder.
    /// @throws CheckpointException if it is not that of a run
    public static RecordedRun read(Path folder) {
        Path metrics = folder.resolve(METRICS);
        if (!Files.isRegularFile(metrics)) {
            throw new CheckpointException(folder + (Files.isDirectory(folder) ? ": holds no " + METRICS : ": no such folder")
                    + "; expected the output folder of 'heddle train'");
        }
        Path model = folder.resolve("config.json");
        Path training = folder.resolve(CONFIGURATION);
        return new RecordedRun(name(folder), Files.exists(model) ? Optional.of(architecture(model, name(folder))) : Optional.empty(),
                Files.exists(training) ? Optional.of(TrainConfig.read(training)) : Optional.empty(), RunMetrics.read(metrics));
    }

    /// What a run is called: its folder's name.
    public static String name(Path folder) {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    private static Architecture architecture(Path file, String name) {
        Config config = Config.of(Json.readObject(file), file.toString());
        return Architecture.of(Checkpoint.spec(config, Families.of(config), name));
    }

    /// Whether the configured last step has been taken.
    boolean isDone() {
        return metrics.last(RunMetrics.STEP).orElse(0) >= steps().orElse(0L);
    }

    /// Steps of all phases.
    Optional<Long> steps() {
        return config.map(training -> training.steps() + training.anneal().map(phase -> phase.steps()).orElse(0L));
    }
}
