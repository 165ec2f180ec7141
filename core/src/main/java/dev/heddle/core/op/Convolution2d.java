package dev.heddle.core.op;

import dev.heddle.core.kernel.FeatureMaps.Patches;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y[(b,i,j), o] = bias[o] + Σ_{c,u,v} w[o,c,u,v] · x[(b, i·stride + u − padding, j·stride + v − padding), c]: every
/// patch a row, all rows times the filters.
///
/// Backward: dPatches = dy·w, added back to where the patches came from; dw += dyᵀ·patches.
public final class Convolution2d {
    private Convolution2d() {
    }

    /// @param x       [B·height·width, C]
    /// @param filters [O, C·K·K]
    /// @return [B·outputHeight·outputWidth, O]
    public static Tensor apply(Pass pass, Patches patches, Tensor x, Tensor filters, Optional<Tensor> bias) {
        Shapes.rows("feature map", x, (long) patches.images() * patches.height() * patches.width());
        Shapes.columns("convolution's filters", filters, (long) x.columns() * patches.kernel() * patches.kernel());
        Tensor y = pass.take(patches.rows(), filters.rows());
        long mark = pass.mark();
        Tensor unfolded = pass.take(patches.rows(), filters.columns());
        pass.kernels().featureMaps().unfold(unfolded, x, patches);
        pass.kernels().matrixProduct().product(y, unfolded, filters);
        pass.release(mark);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            pass.kernels().matrixProduct().weightGradient(pass.gradient(filters), dy, unfolded);
            Tensor dPatches = pass.take(unfolded.rows(), unfolded.columns());
            pass.executor().backend().fill(dPatches, 0);
            pass.kernels().matrixProduct().inputGradient(dPatches, dy, filters);
            pass.kernels().featureMaps().unfoldGradient(pass.gradient(x), dPatches, patches);
        });
        return bias.isEmpty() ? y : AddRow.apply(pass, y, bias.get());
    }
}
