package dev.heddle.core.layer;

import dev.heddle.core.kernel.FeatureMaps.Patches;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;

/// Images within a pass: a row of channels for each position, image after image, row by row from the top left.
///
/// @param x      [images·height·width, C]
/// @param images B
public record FeatureMap(Tensor x, int images, int height, int width) {
    public FeatureMap {
        if (x.rows() != (long) images * height * width) {
            throw new IllegalArgumentException(images + " images of " + height + " × " + width + " positions in " + x);
        }
    }

    /// Other channels at the same positions.
    FeatureMap with(Tensor y) {
        return new FeatureMap(y, images, height, width);
    }

    Patches patches(int kernel, int stride, int padding) {
        return new Patches(images, height, width, kernel, stride, padding);
    }

    /// `count` sequences of `length` rows, end to end.
    public static Segments segments(int count, int length) {
        int[] offsets = new int[count + 1];
        int[] slots = new int[count];
        for (int s = 0; s < count; s++) {
            offsets[s + 1] = offsets[s] + length;
            slots[s] = s;
        }
        return new Segments(offsets, new long[count], slots);
    }
}
