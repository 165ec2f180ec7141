package dev.heddle.core.spec;

import java.util.List;

/// An image classifier as data: everything needed to build it, count it and train it; what [ModelSpec] is for language
/// models.
///
/// @param name          what people call it
/// @param family        the checkpoint family it is read from and written as
/// @param channels      colour channels of an image
/// @param size          height and width the model was made for
/// @param classes       classes it tells apart
/// @param backbone      how an image becomes one row of features
/// @param preprocessing how the model's makers prepare a picture
public record ImageModelSpec(String name, String family, int channels, int size, int classes, ImageBackboneSpec backbone,
        Preprocessing preprocessing) implements ArchitectureSpec {
    /// From a picture to the model's input: scale the shorter side to size/cropRatio, cut the middle out, and map each
    /// channel of values from 0 to 1 to (value − mean)/deviation.
    ///
    /// @param cropRatio     share of the scaled picture's shorter side that the middle keeps
    /// @param interpolation how it is scaled
    /// @param mean          of each channel
    /// @param deviation     of each channel
    public record Preprocessing(double cropRatio, Interpolation interpolation, List<Double> mean, List<Double> deviation) {
        /// Kernels of the scaling, widened by the factor of a reduction so that nothing aliases.
        public enum Interpolation { BILINEAR, BICUBIC }

        /// Mean and deviation of ImageNet's pixels, which nearly every classifier uses.
        public static final List<Double> IMAGENET_MEAN = List.of(0.485, 0.456, 0.406);
        public static final List<Double> IMAGENET_DEVIATION = List.of(0.229, 0.224, 0.225);

        public Preprocessing {
            if (!(cropRatio > 0 && cropRatio <= 1)) {
                throw new SpecException("preprocessing.cropRatio", "must lie between 0 and 1, not " + cropRatio);
            }
            Check.present("preprocessing.interpolation", interpolation);
            mean = Check.list("preprocessing.mean", mean);
            deviation = Check.list("preprocessing.deviation", deviation);
            for (double one : mean) {
                Check.finite("preprocessing.mean", one);
            }
            for (double one : deviation) {
                if (!(one > 0)) {
                    throw new SpecException("preprocessing.deviation", "must be positive, not " + one);
                }
            }
        }

        public static Preprocessing imageNet(double cropRatio) {
            return new Preprocessing(cropRatio, Interpolation.BICUBIC, IMAGENET_MEAN, IMAGENET_DEVIATION);
        }

        /// The length to which the shorter side is scaled.
        public int scaledSize(int size) {
            return (int) Math.floor(size / cropRatio);
        }
    }

    public ImageModelSpec {
        Check.present("name", name);
        Check.present("family", family);
        Check.positive("channels", channels);
        Check.positive("size", size);
        Check.positive("classes", classes);
        Check.present("backbone", backbone);
        Check.present("preprocessing", preprocessing);
        if (preprocessing.mean().size() != channels || preprocessing.deviation().size() != channels) {
            throw new SpecException("preprocessing.mean", "has " + preprocessing.mean().size() + " values and a deviation of "
                    + preprocessing.deviation().size() + ", expected one for each of " + channels + " channels");
        }
        if (backbone instanceof PatchBackboneSpec patches && patches.patch() > size) {
            throw new SpecException("backbone.patch", "(" + patches.patch() + ") exceeds size (" + size + ")");
        }
    }
}
