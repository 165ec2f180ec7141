package dev.heddle.core.model;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.FeatureMap;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;

/// Images of one size on the host, ready for a model: normalised numbers, one image after the other, channel after
/// channel, row by row.
///
/// @param pixels [images·channels·height·width]
public record ImageBatch(float[] pixels, int images, int channels, int height, int width) {
    public ImageBatch {
        if (images < 1 || channels < 1 || height < 1 || width < 1
                || pixels.length != (long) images * channels * height * width) {
            throw new IllegalArgumentException(pixels.length + " numbers for " + images + " images of " + channels + " × "
                    + height + " × " + width);
        }
    }

    /// One of the images.
    public ImageBatch image(int index) {
        int size = channels * height * width;
        float[] one = new float[size];
        System.arraycopy(pixels, index * size, one, 0, size);
        return new ImageBatch(one, 1, channels, height, width);
    }

    /// On a device, channels last. Its memory goes back with [Backend#free].
    FeatureMap place(Backend backend) {
        int positions = height * width;
        float[] rows = new float[pixels.length];
        for (int b = 0; b < images; b++) {
            for (int c = 0; c < channels; c++) {
                for (int p = 0; p < positions; p++) {
                    rows[(b * positions + p) * channels + c] = pixels[(b * channels + c) * positions + p];
                }
            }
        }
        Tensor host = Tensor.zeros(Arena.ofAuto(), DType.F32, (long) images * positions, channels);
        host.copyFrom(rows);
        return new FeatureMap(backend.place(host), images, height, width);
    }
}
