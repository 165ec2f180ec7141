package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Normalisations of rows. A row of D columns is normalised in `groups` equal parts.
public interface Normalization {
    /// y = x / sqrt(mean(x²) + ε) · (w + offset) (Zhang & Sennrich 2019, RMSNorm).
    ///
    /// @param weight [D], or [D/groups] to use the same weights in every group; empty for none
    /// @param offset added to the weight: 1 where checkpoints store w − 1
    void rms(Tensor y, Tensor x, Optional<Tensor> weight, float offset, float epsilon, int groups);

    /// y = (x − mean) / sqrt(var + ε) · w + b (Ba et al. 2016; with several groups Wu & He 2018, GroupNorm).
    void layer(Tensor y, Tensor x, Optional<Tensor> weight, Optional<Tensor> bias, float epsilon, int groups);

    /// y = x / max(‖x‖, ε) in each group; with `insideRoot`, x / sqrt(‖x‖² + ε).
    void l2(Tensor y, Tensor x, float epsilon, boolean insideRoot, int groups);

    /// Adds the gradients of [#rms]: dx [T,D], dWeight like the weight.
    void rmsGradient(Tensor dx, Optional<Tensor> dWeight, Tensor dy, Tensor x, Optional<Tensor> weight, float offset,
            float epsilon, int groups);

    /// Adds the gradients of [#layer]: dx [T,D], dWeight and dBias like weight and bias.
    void layerGradient(Tensor dx, Optional<Tensor> dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x,
            Optional<Tensor> weight, float epsilon, int groups);

    /// Adds the gradient of [#l2]: dx [T,D].
    void l2Gradient(Tensor dx, Tensor dy, Tensor x, float epsilon, boolean insideRoot, int groups);
}
