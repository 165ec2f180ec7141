package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Kernels of feature maps: B images of height · width positions, one f32 row of C channels for each, row by row from the
/// top left. Gradient kernels add to their outputs.
public interface FeatureMaps {
    /// The patches a two-dimensional convolution sees.
    ///
    /// @param images  B
    /// @param height  rows of positions
    /// @param width   positions in a row
    /// @param kernel  K, height and width of a patch
    /// @param stride  positions from one patch to the next
    /// @param padding zeros around the map
    record Patches(int images, int height, int width, int kernel, int stride, int padding) {
        public int outputHeight() {
            return (height + 2 * padding - kernel) / stride + 1;
        }

        public int outputWidth() {
            return (width + 2 * padding - kernel) / stride + 1;
        }

        /// Patches of all images.
        public int rows() {
            return images * outputHeight() * outputWidth();
        }
    }

    /// y[(b,i,j), (c,u,v)] = x[(b, i·stride + u − padding, j·stride + v − padding), c], zero outside the map.
    ///
    /// @param y [patches.rows(), C·K·K]
    /// @param x [B·height·width, C]
    void unfold(Tensor y, Tensor x, Patches patches);

    void unfoldGradient(Tensor dx, Tensor dy, Patches patches);

    /// y[i] = x[rows[i]], or zero where rows[i] is negative.
    void arrange(Tensor y, Tensor x, int[] rows);

    void arrangeGradient(Tensor dx, Tensor dy, int[] rows);

    /// Batch norm with the statistics of training (Ioffe & Szegedy 2015):
    /// y[t,c] = (x[t,c] − mean[c]) / sqrt(variance[c] + ε) · weight[c] + bias[c].
    void normalize(Tensor y, Tensor x, Statistics statistics, float epsilon);

    /// What each channel of a batch norm knows, [C] each; or the gradients of that.
    record Statistics(Tensor mean, Tensor variance, Tensor weight, Tensor bias) {
    }

    void normalizeGradient(Tensor dx, Statistics gradients, Tensor dy, Tensor x, Statistics statistics, float epsilon);

    /// y[b] = mean of rows b·count to (b+1)·count of x, b = 0, 1, …
    void mean(Tensor y, Tensor x, int count);

    void meanGradient(Tensor dx, Tensor dy, int count);
}
