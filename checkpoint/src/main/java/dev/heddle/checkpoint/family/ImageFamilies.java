package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.weights.WeightSource;
import java.util.List;
import java.util.Optional;

/// All families of image classifiers Heddle reads.
public final class ImageFamilies {
    private static final List<ImageFamily> ALL = List.of(
            new MambaVision(),
            new Vim());

    private ImageFamilies() {
    }

    public static List<ImageFamily> all() {
        return ALL;
    }

    /// The family of a configuration, if it is that of an image classifier.
    public static Optional<ImageFamily> of(Config config) {
        return ALL.stream().filter(family -> family.accepts(config)).findFirst();
    }

    /// The configuration of weights that come without one, if they are those of an image classifier.
    public static Optional<Config> infer(WeightSource weights) {
        return ALL.stream().flatMap(family -> family.infer(weights).stream()).findFirst();
    }
}
