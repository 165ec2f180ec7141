package dev.heddle.core.layer;

import dev.heddle.core.kernel.FeatureMaps.Patches;
import dev.heddle.core.op.Convolution2d;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// A two-dimensional convolution.
///
/// Parameters: `weight` [O, C, K, K], `bias` [O].
final class Convolution {
    private final Tensor filters;
    private final Optional<Tensor> bias;
    private final int kernel;
    private final int stride;
    private final int padding;

    Convolution(Scope scope, int inputs, int outputs, int kernel, int stride, int padding, boolean bias) {
        filters = scope.filter("weight", outputs, inputs, kernel, kernel);
        this.bias = scope.small(bias, "bias", outputs);
        this.kernel = kernel;
        this.stride = stride;
        this.padding = padding;
    }

    FeatureMap forward(Pass pass, FeatureMap map) {
        Patches patches = map.patches(kernel, stride, padding);
        if (patches.outputHeight() < 1 || patches.outputWidth() < 1) {
            throw new IllegalArgumentException("an image of " + map.height() + " × " + map.width()
                    + " positions is too small for a convolution of " + kernel + " × " + kernel);
        }
        return new FeatureMap(Convolution2d.apply(pass, patches, map.x(), filters, bias), map.images(),
                patches.outputHeight(), patches.outputWidth());
    }
}
