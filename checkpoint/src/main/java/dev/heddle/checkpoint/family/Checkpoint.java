package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.adapter.AdaptedWeights;
import dev.heddle.checkpoint.adapter.PeftAdapter;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.checkpoint.weights.Weights;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.SpecException;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// A published model in a folder: its configuration, what it means, and its weights.
public final class Checkpoint implements AutoCloseable {
    /// What configurations call their number of layers; a file that is damaged or hostile must not fill the memory.
    private static final List<String> LAYERS = List.of("num_hidden_layers", "num_layers", "n_layer", "n_layers", "block_count");
    private static final int MOST_LAYERS = 10_000;

    private final Path folder;
    private final Config config;
    private final Family family;
    private final ModelSpec spec;
    private final WeightSource weights;
    private final Binder binder;

    private Checkpoint(Path folder, Config config, Family family, ModelSpec spec, WeightSource weights) {
        this.folder = folder;
        this.config = config;
        this.family = family;
        this.spec = spec;
        this.weights = weights;
        binder = Binder.of(weights);
        family.bind(config, spec, binder);
    }

    /// Opens the checkpoint in a folder, or a single weight file. A folder without `config.json`, and a file, must hold
    /// weights whose architecture their tensors tell, or a GGUF file, whose metadata are its configuration.
    /// @throws CheckpointException if something is missing, damaged or unknown
    public static Checkpoint open(Path fileOrFolder) {
        Path path = fileOrFolder.toAbsolutePath().normalize();
        String name = path.getFileName().toString();
        Optional<Path> gguf = GgufFile.in(path);
        if (gguf.isPresent()) {
            return openGguf(gguf.get());
        }
        if (Files.isDirectory(path) && Files.isRegularFile(path.resolve("config.json"))) {
            Config config = Config.read(path.resolve("config.json"));
            Family family = Families.of(config);
            return new Checkpoint(fileOrFolder, config, family, spec(config, family, name), Weights.open(fileOrFolder));
        }
        WeightSource weights = Weights.open(fileOrFolder);
        try {
            Config config = Families.infer(weights);
            Family family = Families.of(config);
            boolean folder = Files.isDirectory(path);
            int dot = folder ? -1 : name.lastIndexOf('.');
            return new Checkpoint(folder ? fileOrFolder : path.getParent(), config, family,
                    spec(config, family, dot > 0 ? name.substring(0, dot) : name), weights);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static Checkpoint openGguf(Path file) {
        GgufFile weights = GgufFile.open(file);
        Config config = GgufConfig.of(weights);
        Family family = GgufFamilies.of(config);
        String name = file.getFileName().toString();
        return new Checkpoint(file, config, family, spec(config, family, weights.values().text("general.name")
                .filter(given -> !given.isBlank()).orElse(name.substring(0, name.length() - ".gguf".length()))), weights);
    }

    /// The architecture a configuration describes.
    /// @throws CheckpointException if its fields contradict each other
    public static ModelSpec spec(Config config, Family family, String name) {
        for (String field : LAYERS) {
            if (config.isNumber(field) && config.integer(field) > MOST_LAYERS) {
                throw new CheckpointException(config.origin() + ": " + field + " is " + config.integer(field)
                        + " layers, expected at most " + MOST_LAYERS);
            }
        }
        try {
            return family.spec(config, name);
        } catch (SpecException e) {
            throw new CheckpointException(config.origin() + ": " + e.getMessage(), e);
        }
    }

    /// This checkpoint with the adapter in `adapter` merged into its weights. Closing either closes the file.
    /// @throws CheckpointException if the folder holds no adapter of this model
    public Checkpoint adapted(Path adapter) {
        return new Checkpoint(folder, config, family, spec, new AdaptedWeights(weights, PeftAdapter.read(adapter)));
    }

    /// Where the model lies: a folder, or its GGUF file.
    public Path folder() {
        return folder;
    }

    /// This checkpoint, if what begins with it can write such checkpoints again.
    /// @throws CheckpointException if it is a GGUF file
    public Checkpoint requireFolder() {
        if (family instanceof GgufFamily) {
            throw new CheckpointException(folder + ": is a GGUF file; only a checkpoint's folder can be trained or converted");
        }
        return this;
    }

    public Config config() {
        return config;
    }

    public Family family() {
        return family;
    }

    public ModelSpec spec() {
        return spec;
    }

    public WeightSource weights() {
        return weights;
    }

    /// Which tensor each parameter is.
    public Map<String, Binding> bindings() {
        return binder.bindings();
    }

    /// Gradients under this checkpoint's own names, from those of the model's parameters.
    public Map<String, float[]> gradients(Function<String, Optional<float[]>> gradient) {
        return CheckpointGradients.of(weights, binder, gradient);
    }

    /// Parameters of such a model under this checkpoint's own names and in its layout.
    ///
    /// @param parameters by parameter name, buffers included, in host memory
    public Map<String, Tensor> published(Arena arena, Map<String, Tensor> parameters) {
        return PublishedTensors.of(arena, binder, parameters);
    }

    /// Tensors that the family knows and no model needs.
    Set<String> ignored() {
        return weights.names().stream().filter(binder::ignores).collect(Collectors.toSet());
    }

    /// The parameters of its model, each read when it is asked for.
    public ParameterSource parameters() {
        return new CheckpointParameters(weights, binder);
    }

    /// The model with this checkpoint's weights, mapped and not copied.
    public Model model() {
        return model(UnaryOperator.identity());
    }

    /// @param place wraps where the parameters come from, to put them on a device
    public Model model(UnaryOperator<ParameterSource> place) {
        CheckpointParameters parameters = new CheckpointParameters(weights, binder);
        Model model = new Model(spec, place.apply(parameters));
        parameters.requireAllClaimed();
        return model;
    }

    @Override
    public void close() {
        weights.close();
    }
}
