package dev.heddle.engine.image;

import dev.heddle.core.model.ImageBatch;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ImageModelSpec.Preprocessing;

/// From a picture to a model's input, as image models are evaluated: scale the shorter side, cut out the middle, normalise
/// each channel.
public final class Preparation {
    private Preparation() {
    }

    /// The square of pixels the model sees.
    public static Picture square(Picture picture, int size, Preprocessing how) {
        int scaled = how.scaledSize(size);
        int shorter = Math.min(picture.width(), picture.height());
        int longer = (int) Math.min(Integer.MAX_VALUE, (long) scaled * Math.max(picture.width(), picture.height()) / shorter);
        boolean wide = picture.width() >= picture.height();
        Picture resized = Resampling.resize(picture, wide ? longer : scaled, wide ? scaled : longer, how.interpolation());
        return resized.crop(middle(resized.width() - size), middle(resized.height() - size), size, size);
    }

    /// Half of what is left over, half pixels to the even side.
    private static int middle(int rest) {
        return (int) Math.rint(rest / 2.0);
    }

    /// The model's input, [1, 3, size, size].
    /// @throws IllegalArgumentException if the model's images are not of three channels
    public static ImageBatch prepare(Picture picture, ImageModelSpec spec) {
        if (spec.channels() != 3) {
            throw new IllegalArgumentException("model " + spec.name() + " takes images of " + spec.channels()
                    + " channels; pictures have 3");
        }
        int size = spec.size();
        Picture square = square(picture, size, spec.preprocessing());
        float[] pixels = new float[3 * size * size];
        for (int c = 0; c < 3; c++) {
            float mean = spec.preprocessing().mean().get(c).floatValue();
            float deviation = spec.preprocessing().deviation().get(c).floatValue();
            for (int i = 0; i < size * size; i++) {
                pixels[c * size * size + i] = (square.at(i % size, i / size, c) / 255f - mean) / deviation;
            }
        }
        return new ImageBatch(pixels, 1, 3, size, size);
    }
}
