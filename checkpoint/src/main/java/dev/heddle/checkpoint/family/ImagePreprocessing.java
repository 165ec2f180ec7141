package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.ImageModelSpec.Preprocessing;
import dev.heddle.core.spec.ImageModelSpec.Preprocessing.Interpolation;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// How configurations in the style of timm say how pictures are prepared: `crop_pct`, `crop_mode`, `interpolation`, `mean`,
/// `std`.
final class ImagePreprocessing {
    private ImagePreprocessing() {
    }

    /// @param cropRatio what the family's makers used, where the configuration does not say
    static Preprocessing of(Config config, double cropRatio) {
        if (!config.string("crop_mode", "center").equals("center")) {
            throw config.invalid("crop_mode", "\"center\"");
        }
        return new Preprocessing(config.number("crop_pct", cropRatio),
                config.choice("interpolation", Map.of("bicubic", Interpolation.BICUBIC, "bilinear", Interpolation.BILINEAR),
                        Interpolation.BICUBIC),
                channels(config, "mean", Preprocessing.IMAGENET_MEAN), channels(config, "std", Preprocessing.IMAGENET_DEVIATION));
    }

    private static List<Double> channels(Config config, String name, List<Double> fallback) {
        return config.has(name) ? Arrays.stream(config.numbers(name)).boxed().toList() : fallback;
    }

    /// Classes a model tells apart: as many as it says or has names for, 1000 of ImageNet where it says nothing.
    static int classes(Config config) {
        int named = config.sectionOrEmpty("id2label").names().size();
        return config.integer("num_classes", named > 0 ? named : 1000);
    }

    /// Height and width, which must be equal, from a number or a list `[size, size]` or `[channels, size, size]`.
    static int size(Config config, int fallback, String... names) {
        for (String name : names) {
            if (config.isList(name)) {
                int[] sizes = config.integers(name);
                if (sizes.length < 2 || sizes[sizes.length - 1] != sizes[sizes.length - 2]) {
                    throw new CheckpointException(config.origin() + ": " + name + " is " + Arrays.toString(sizes)
                            + ", expected equal height and width");
                }
                return sizes[sizes.length - 1];
            }
            if (config.has(name)) {
                return config.integer(name);
            }
        }
        return fallback;
    }
}
