package dev.heddle.train.run;

import dev.heddle.train.TrainingException;
import dev.heddle.train.TrainingState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// The folder of a run: the model as a checkpoint at the top beside what people look at ([RunRecord]), token shards under
/// `data/`, and saved training states under `state/step-N`. A state is written beside its place and moved there, so it is
/// whole or absent.
final class RunFolder {
    private static final String STEP = "step-";

    private final Path folder;

    /// Makes the folder if it is missing.
    RunFolder(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new TrainingException(folder + ": cannot be made (" + e.getMessage() + ")", e);
        }
    }

    Path model() {
        return folder;
    }

    Path adapter() {
        return folder.resolve("adapter");
    }

    Path shards() {
        return folder.resolve("data");
    }

    private Path states() {
        return folder.resolve("state");
    }

    Path state(long step) {
        return states().resolve(STEP + step);
    }

    /// The last step of which a whole state is saved.
    OptionalLong lastStep() {
        return steps().stream().mapToLong(Long::longValue).max();
    }

    private List<Long> steps() {
        if (!Files.isDirectory(states())) {
            return List.of();
        }
        try (Stream<Path> saved = Files.list(states())) {
            return saved.filter(path -> path.getFileName().toString().matches(STEP + "\\d+") && TrainingState.isIn(path))
                    .map(path -> Long.parseLong(path.getFileName().toString().substring(STEP.length()))).sorted().toList();
        } catch (IOException e) {
            throw new TrainingException(states() + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /// Saves a state with `write` and drops all but the last `keep`.
    void save(long step, int keep, Consumer<Path> write) {
        Path part = states().resolve(STEP + step + ".part");
        try {
            delete(part);
            Files.createDirectories(part);
            write.accept(part);
            delete(state(step));
            Files.move(part, state(step), StandardCopyOption.ATOMIC_MOVE);
            List<Long> steps = steps();
            for (Long old : steps.subList(0, Math.max(0, steps.size() - keep))) {
                delete(state(old));
            }
        } catch (IOException e) {
            throw new TrainingException(state(step) + ": cannot be written (" + e.getMessage() + ")", e);
        } finally {
            try {
                delete(part);
            } catch (IOException _) {
                // the next save tries again
            }
        }
    }

    private static void delete(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> inside = Files.walk(path)) {
            for (Path each : inside.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
