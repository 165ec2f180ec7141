package dev.heddle.checkpoint.zoo;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.family.ImageCheckpoint;
import dev.heddle.checkpoint.family.ImageFamilies;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.spec.ArchitectureSpec;
import dev.heddle.core.spec.ImageModelSpec;
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

    public static ArchitectureSpec of(Preset preset) {
        return of(Zoo.config(preset), preset.name());
    }

    /// The architecture of a checkpoint's configuration.
    public static ArchitectureSpec of(Config config, String name) {
        return ImageFamilies.of(config).<ArchitectureSpec>map(family -> ImageCheckpoint.spec(config, family, name))
                .orElseGet(() -> Checkpoint.spec(config, Families.of(config), name));
    }

    /// The architecture a file or folder describes.
    /// @throws CheckpointException if it describes none
    public static ArchitectureSpec of(Path fileOrFolder) {
        Path path = fileOrFolder.toAbsolutePath().normalize();
        return of(path, nameOf(path));
    }

    /// @param name what to call the model if the file does not say
    public static ArchitectureSpec of(Path fileOrFolder, String name) {
        if (Files.isDirectory(fileOrFolder)) {
            if (GgufFile.in(fileOrFolder).isPresent()) {
                return fromWeights(fileOrFolder);
            }
            Path config = fileOrFolder.resolve(CONFIG);
            if (Files.isRegularFile(config)) {
                return of(config, name);
            }
            return fromWeights(fileOrFolder);
        }
        return switch (extension(fileOrFolder)) {
            case "yaml", "yml" -> SpecFile.read(fileOrFolder, name);
            case "json" -> {
                ObjectNode json = Json.readObject(fileOrFolder);
                yield SpecFile.isSpec(json) ? SpecFile.read(fileOrFolder, name) : of(Config.of(json, fileOrFolder.toString()), name);
            }
            default -> fromWeights(fileOrFolder);
        };
    }

    private static ArchitectureSpec fromWeights(Path fileOrFolder) {
        if (ImageCheckpoint.isAt(fileOrFolder)) {
            try (ImageCheckpoint checkpoint = ImageCheckpoint.open(fileOrFolder)) {
                return checkpoint.spec();
            }
        }
        try (Checkpoint checkpoint = Checkpoint.open(fileOrFolder)) {
            return checkpoint.spec();
        }
    }

    /// @throws CheckpointException for an image model
    public static ModelSpec language(ArchitectureSpec spec) {
        return switch (spec) {
            case ModelSpec model -> model;
            case ImageModelSpec image -> throw new CheckpointException(image.name() + " is an image model, not a language model");
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
