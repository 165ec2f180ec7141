package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.hub.Hub;
import dev.heddle.checkpoint.hub.Selection;
import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.spec.ArchitectureSpec;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a MODEL on the command line means: a folder, a file, a hub id, a preset, or nothing for the bundled model.
final class ModelArgument {
    private static final Pattern HUB_ID = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)(?::([A-Za-z0-9_]+))?");

    private ModelArgument() {
    }

    /// Whether a lone argument of `run` is a MODEL and not a prompt: it exists, is a preset, or looks like
    /// `owner/name`.
    static boolean isModel(String argument) {
        return exists(argument) || Zoo.contains(argument) || HUB_ID.matcher(argument).matches();
    }

    /// A MODEL and a text are two arguments; more are usually a text without its quotes.
    static void requireAtMostTwo(List<String> arguments) {
        if (arguments.size() > 2) {
            throw new UsageException("expected at most a MODEL and a text, found " + arguments.size()
                    + " arguments; put a text of several words in quotes");
        }
    }

    /// `owner/name`, or `owner/name:TYPE` for one of several GGUF files.
    static boolean isHubId(String argument) {
        return HUB_ID.matcher(argument).matches();
    }

    /// The type of a GGUF file that a hub id ends with.
    static Optional<String> ggufType(String hubId) {
        Matcher id = HUB_ID.matcher(hubId);
        return id.matches() ? Optional.ofNullable(id.group(2)) : Optional.empty();
    }

    /// A hub id without the type of a GGUF file.
    static String repository(String hubId) {
        Matcher id = HUB_ID.matcher(hubId);
        return id.matches() ? id.group(1) : hubId;
    }

    private static boolean exists(String argument) {
        try {
            return !argument.isBlank() && Files.exists(Path.of(argument));
        } catch (java.nio.file.InvalidPathException e) {
            return false;
        }
    }

    /// The folder of the small model that comes with Heddle.
    static Path bundled() {
        String home = System.getProperty("heddle.home", System.getProperty("heddle.repository", ""));
        Path folder = Path.of(home).resolve("models/story-falcon-h1");
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException("the bundled model is not at " + folder.toAbsolutePath()
                    + "; name a MODEL, or start Heddle with its launcher");
        }
        return folder;
    }

    /// The folder or file with the weights that `argument` names; an empty argument is the bundled model.
    static Path folder(String argument) {
        if (argument.isEmpty()) {
            return bundled();
        }
        if (exists(argument)) {
            Path path = Path.of(argument);
            return Files.isDirectory(path) ? path : file(path);
        }
        if (Zoo.contains(argument)) {
            throw new CheckpointException("preset " + argument + " is a configuration without weights: use 'heddle inspect "
                    + argument + "' or 'heddle bench --random " + argument + "'"
                    + Zoo.get(argument).hub().map(id -> ", or download the model with 'heddle pull " + id + "'").orElse(""));
        }
        if (isHubId(argument)) {
            return fromHub(argument, Selection.MODEL);
        }
        throw unknown(argument);
    }

    /// The architecture that `argument` names: a folder, a configuration or specification file, a preset, a hub id (of
    /// which only the description is downloaded), or nothing for the bundled model.
    static ArchitectureSpec spec(String argument) {
        if (argument.isEmpty()) {
            return ModelSpecs.of(bundled());
        }
        if (exists(argument)) {
            return ModelSpecs.of(Path.of(argument));
        }
        Optional<Preset> preset = preset(argument);
        if (preset.isPresent()) {
            return ModelSpecs.of(preset.get());
        }
        if (isHubId(argument)) {
            return ggufType(argument).isPresent() ? ModelSpecs.of(fromHub(argument, Selection.MODEL))
                    : ModelSpecs.of(fromHub(argument, Selection.DESCRIPTION), argument);
        }
        throw unknown(argument);
    }

    /// The GGUF file that `argument` names or is the folder of.
    static Optional<GgufFile> gguf(String argument) {
        if (!argument.isEmpty() && exists(argument)) {
            return GgufFile.in(Path.of(argument)).map(GgufFile::open);
        }
        return ggufType(argument).map(_ -> GgufFile.open(fromHub(argument, Selection.MODEL)));
    }

    /// The preset that `argument` names, unless a file or folder is called so.
    static Optional<Preset> preset(String argument) {
        return exists(argument) ? Optional.empty() : Zoo.find(argument);
    }

    private static CheckpointException unknown(String argument) {
        return new CheckpointException(argument + ": no such file or folder, no preset (see 'heddle zoo') and no hub id "
                + "(owner/name or owner/name:TYPE)" + Zoo.hint(argument));
    }

    /// The cached or downloaded folder of a model on the hub, or its GGUF file if the id ends with a type.
    static Path fromHub(String id, Selection selection) {
        try (Hub hub = Hub.fromEnvironment(); ProgressLine line = new ProgressLine(new PrintWriter(System.err, true))) {
            Optional<String> type = ggufType(id);
            return type.isPresent() ? hub.resolveGguf(repository(id), Hub.MAIN, type.get(), PullCommand.listener(line))
                    : hub.resolve(id, Hub.MAIN, selection, PullCommand.listener(line));
        }
    }

    /// A weight file with a configuration beside it stands for the folder it lies in; alone, and in GGUF, it must tell its
    /// architecture itself.
    private static Path file(Path path) {
        if (GgufFile.isNamed(path)) {
            return path;
        }
        Path parent = path.toAbsolutePath().getParent();
        return parent != null && Files.exists(parent.resolve("config.json")) ? parent : path;
    }
}
