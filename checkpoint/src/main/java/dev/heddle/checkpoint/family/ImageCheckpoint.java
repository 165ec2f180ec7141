package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.checkpoint.weights.Weights;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.ImageModel;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.SpecException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// A published image classifier: its configuration, what it means, and its weights; what [Checkpoint] is for language
/// models.
public final class ImageCheckpoint implements AutoCloseable {
    private final Config config;
    private final ImageModelSpec spec;
    private final WeightSource weights;
    private final Binder binder;

    private ImageCheckpoint(Config config, ImageFamily family, ImageModelSpec spec, WeightSource weights) {
        this.config = config;
        this.spec = spec;
        this.weights = weights;
        binder = new Binder(weights::contains);
        family.bind(config, spec, binder);
    }

    /// Opens the classifier in a folder, or a single weight file whose tensors tell their architecture.
    /// @throws CheckpointException if something is missing, damaged, or no image classifier
    public static ImageCheckpoint open(Path fileOrFolder) {
        Path path = fileOrFolder.toAbsolutePath().normalize();
        Optional<Config> written = Files.isRegularFile(path.resolve("config.json"))
                ? Optional.of(Config.read(path.resolve("config.json"))) : Optional.empty();
        written.ifPresent(ImageCheckpoint::family);
        WeightSource weights = Weights.open(fileOrFolder);
        try {
            Config config = written.or(() -> ImageFamilies.infer(weights)).orElseThrow(() -> new CheckpointException(
                    weights.describe() + ": no config.json beside it, and its tensors are not those of a known image classifier"));
            ImageFamily family = family(config);
            return new ImageCheckpoint(config, family, spec(config, family, name(path)), weights);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /// Whether the folder or file holds an image classifier, as far as can be told without an error.
    public static boolean isAt(Path fileOrFolder) {
        Path config = fileOrFolder.resolve("config.json");
        if (Files.isRegularFile(config)) {
            return ImageFamilies.of(Config.read(config)).isPresent();
        }
        try (WeightSource weights = Weights.open(fileOrFolder)) {
            return ImageFamilies.infer(weights).isPresent();
        } catch (CheckpointException e) {
            return false;
        }
    }

    private static ImageFamily family(Config config) {
        return ImageFamilies.of(config).orElseThrow(() -> new CheckpointException(config.origin()
                + ": this is no image classifier Heddle knows; known are "
                + String.join(", ", ImageFamilies.all().stream().map(ImageFamily::name).toList())));
    }

    private static String name(Path path) {
        String file = path.getFileName().toString();
        int dot = Files.isDirectory(path) ? -1 : file.lastIndexOf('.');
        return dot > 0 ? file.substring(0, dot) : file;
    }

    /// The architecture a configuration describes.
    /// @throws CheckpointException if its fields contradict each other
    public static ImageModelSpec spec(Config config, ImageFamily family, String name) {
        try {
            return family.spec(config, name);
        } catch (SpecException e) {
            throw new CheckpointException(config.origin() + ": " + e.getMessage(), e);
        }
    }

    public ImageModelSpec spec() {
        return spec;
    }

    public WeightSource weights() {
        return weights;
    }

    /// What the configuration calls class `index` (`id2label`).
    public Optional<String> label(int index) {
        Config labels = config.sectionOrEmpty("id2label");
        String key = Integer.toString(index);
        return labels.has(key) ? Optional.of(labels.string(key)) : Optional.empty();
    }

    /// Gradients under this checkpoint's own names, from those of the model's parameters.
    public Map<String, float[]> gradients(Function<String, Optional<float[]>> gradient) {
        return CheckpointGradients.of(weights, binder, gradient);
    }

    /// The model with this checkpoint's weights, mapped and not copied.
    public ImageModel model() {
        return model(UnaryOperator.identity());
    }

    /// @param place wraps where the parameters come from, to put them on a device
    public ImageModel model(UnaryOperator<ParameterSource> place) {
        CheckpointParameters parameters = new CheckpointParameters(weights, binder);
        ImageModel model = new ImageModel(spec, place.apply(parameters));
        parameters.requireAllClaimed();
        return model;
    }

    @Override
    public void close() {
        weights.close();
    }
}
