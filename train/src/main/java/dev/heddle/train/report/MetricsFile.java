package dev.heddle.train.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.train.TrainingException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// Numbers of a run, one JSON object a line, each with its `step`.
public final class MetricsFile implements AutoCloseable {
    private final Path file;
    private final BufferedWriter writer;

    /// Opens `file` to append. Lines of steps after `step`, which a killed run wrote and a resumed one writes again, are
    /// dropped, and so is a line that was cut off.
    public MetricsFile(Path file, long step) {
        this.file = file;
        try {
            if (Files.exists(file)) {
                Path kept = file.resolveSibling(file.getFileName() + ".part");
                Files.write(kept, read(file).stream().filter(line -> line.path("step").asLong() <= step)
                        .map(ObjectNode::toString).toList());
                Files.move(kept, file, StandardCopyOption.REPLACE_EXISTING);
            }
            writer = Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /// The whole lines of a metrics file.
    public static List<ObjectNode> read(Path file) {
        try {
            List<ObjectNode> lines = new ArrayList<>();
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith("{") && line.endsWith("}")) {
                    lines.add(Json.asObject(Json.parse(line, file.toString()), file.toString()));
                }
            }
            return lines;
        } catch (IOException e) {
            throw new TrainingException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /// Appends a line at once.
    public void add(ObjectNode line) {
        try {
            writer.write(line.toString());
            writer.newLine();
            writer.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private TrainingException failed(IOException e) {
        return new TrainingException(file + ": cannot be written (" + e.getMessage() + ")", e);
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }
}
