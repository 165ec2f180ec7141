package dev.heddle.core.op;

import dev.heddle.core.kernel.FeatureMaps.Statistics;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = (x − mean)/sqrt(variance + ε)·w + b with the statistics that training left (Ioffe & Szegedy 2015).
///
/// Backward, with r = 1/sqrt(variance + ε): dx += dy·w·r, dw += Σ dy·(x − mean)·r, db += Σ dy, dmean −= Σ dy·w·r,
/// dvariance −= ½ Σ dy·w·(x − mean)·r³.
public final class BatchNorm {
    private BatchNorm() {
    }

    /// @param x [T, C]
    public static Tensor apply(Pass pass, Tensor x, Statistics statistics, double epsilon) {
        Shapes.elements("mean", statistics.mean(), x.columns());
        Shapes.elements("variance", statistics.variance(), x.columns());
        Shapes.elements("weight", statistics.weight(), x.columns());
        Shapes.elements("bias", statistics.bias(), x.columns());
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().featureMaps().normalize(y, x, statistics, (float) epsilon);
        pass.record(() -> pass.kernels().featureMaps().normalizeGradient(pass.gradient(x),
                new Statistics(pass.gradient(statistics.mean()), pass.gradient(statistics.variance()),
                        pass.gradient(statistics.weight()), pass.gradient(statistics.bias())),
                pass.gradient(y), x, statistics, (float) epsilon));
        return y;
    }
}
