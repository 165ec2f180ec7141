package dev.heddle.checkpoint.zoo;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.spec.ModelSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// The specification of whatever describes an architecture: a preset, a checkpoint, a bare configuration, a
/// specification file. Weights are opened only where nothing else tells the architecture.
public final class ModelSpecs {
    private static final String CONFIG = "config.json";

    private ModelSpecs() {
    }

    public static ModelSpec of(Preset preset) {
        return of(Zoo.config(preset), preset.name());
    }

    /// The architecture of a checkpoint's configuration.
    public static ModelSpec of(Config config, String name) {
        return Checkpoint.spec(config, Families.of(config), name);
    }

    /// The architecture a file or folder describes.
    /// @throws CheckpointException if it describes none
    public static ModelSpec of(Path fileOrFolder) {
        Path path = fileOrFolder.toAbsolutePath().normalize();
        return of(path, nameOf(path));
    }

    /// @param name what to call the model if the file does not say
    public static ModelSpec of(Path fileOrFolder, String name) {
        if (Files.isDirectory(fileOrFolder)) {
            Path config = fileOrFolder.resolve(CONFIG);
            if (Files.isRegularFile(config)) {
                return of(config, name);
            }
            try (Checkpoint checkpoint = Checkpoint.open(fileOrFolder)) {
                return checkpoint.spec();
            }
        }
        return switch (extension(fileOrFolder)) {
            case "yaml", "yml" -> SpecFile.read(fileOrFolder, name);
            case "json" -> {
                ObjectNode json = Json.readObject(fileOrFolder);
                yield SpecFile.isSpec(json) ? SpecFile.read(fileOrFolder, name) : of(Config.of(json, fileOrFolder.toString()), name);
            }
            case "gguf" -> throw new CheckpointException(fileOrFolder + ": GGUF files cannot be read yet; use the folder with "
                    + CONFIG + " and safetensors, or its " + CONFIG + " alone");
            default -> {
                try (Checkpoint checkpoint = Checkpoint.open(fileOrFolder)) {
                    yield checkpoint.spec();
                }
            }
        };
    }

    private static String extension(Path file) {
        String name = file.getFileName().toString();
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /// A file is called by its name without ending, `config.json` and folders by the folder's name.
    private static String nameOf(Path path) {
        String name = path.getFileName().toString();
        if (Files.isDirectory(path)) {
            return name;
        }
        if (name.equals(CONFIG) && path.getParent() != null && path.getParent().getFileName() != null) {
            return path.getParent().getFileName().toString();
        }
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
