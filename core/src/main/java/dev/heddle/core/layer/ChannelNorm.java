package dev.heddle.core.layer;

import dev.heddle.core.kernel.FeatureMaps.Statistics;
import dev.heddle.core.op.BatchNorm;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// A batch norm with the statistics of training.
///
/// Parameters: `weight`, `bias`; buffers, as training left them: `running_mean`, `running_var`; [C] each.
final class ChannelNorm {
    private final Statistics statistics;
    private final double epsilon;

    ChannelNorm(Scope scope, int channels, double epsilon) {
        statistics = new Statistics(scope.buffer("running_mean", channels), scope.buffer("running_var", channels),
                scope.small("weight", channels), scope.small("bias", channels));
        this.epsilon = epsilon;
    }

    Tensor forward(Pass pass, Tensor x) {
        return BatchNorm.apply(pass, x, statistics, epsilon);
    }
}
