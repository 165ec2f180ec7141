package dev.heddle.train.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.train.TrainingException;
import dev.heddle.train.config.TrainConfig;
import dev.heddle.train.report.EventFile;
import dev.heddle.train.report.MetricsFile;
import dev.heddle.train.report.RecordedRun;
import dev.heddle.train.report.RunMetrics;
import dev.heddle.train.report.RunReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a run leaves in its folder for people: `metrics.jsonl`, event files for TensorBoard, `report.html`, and its
/// configuration.
final class RunRecord implements AutoCloseable {
    private final Path report;
    private final MetricsFile metrics;
    private final EventFile events;
    private final RecordedRun run;

    /// Goes on after `step` steps; 0 begins.
    RunRecord(Path folder, TrainConfig config, ModelSpec spec, long step) {
        Path file = folder.resolve(RecordedRun.METRICS);
        report = folder.resolve(RecordedRun.REPORT);
        try {
            Files.writeString(folder.resolve(RecordedRun.CONFIGURATION), SpecFile.recordYaml(config));
        } catch (IOException e) {
            throw new TrainingException(folder.resolve(RecordedRun.CONFIGURATION) + ": cannot be written (" + e.getMessage() + ")", e);
        }
        metrics = new MetricsFile(file, step);
        events = new EventFile(folder, step, Clock.systemUTC());
        run = new RecordedRun(RecordedRun.name(folder), Optional.of(Architecture.of(spec)), Optional.of(config), RunMetrics.read(file));
    }

    /// Adds the numbers of a step.
    void add(ObjectNode line) {
        metrics.add(line);
        run.metrics().add(line);
        Map<String, Double> values = new LinkedHashMap<>(RunMetrics.values(line));
        values.keySet().removeAll(List.of(RunMetrics.STEP, RunMetrics.TOKENS));
        events.add(line.path(RunMetrics.STEP).asLong(), values);
    }

    /// Draws the report anew.
    void draw() {
        new RunReport(run).write(report);
    }

    /// Draws the report a last time.
    @Override
    public void close() {
        try (metrics; events) {
            draw();
        }
    }
}
