package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.CrossEntropy;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [CrossEntropy] on the Vector API; threads share the rows.
public final class VectorCrossEntropy implements CrossEntropy {
    private final Workers workers;

    public VectorCrossEntropy(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor loss, Tensor logits, int[] targets) {
        int vocabulary = logits.columns();
        workers.forRange(targets.length, grain(vocabulary), (from, to) -> {
            for (int t = from; t < to; t++) {
                long x = logits.address(t);
                float max = SoftmaxRows.max(x, vocabulary);
                double logSum = max + Math.log(SoftmaxRows.sumOfExp(x, max, vocabulary));
                Memory.f32(loss.address(t), (float) (logSum - Memory.f32(x + 4L * targets[t])));
            }
        });
    }

    @Override
    public void backward(Tensor dLogits, Tensor dLoss, Tensor logits, int[] targets) {
        int vocabulary = logits.columns();
        workers.forRange(targets.length, grain(vocabulary), (from, to) -> {
            for (int t = from; t < to; t++) {
                long x = logits.address(t);
                float max = SoftmaxRows.max(x, vocabulary);
                float upstream = Memory.f32(dLoss.address(t));
                float factor = upstream / SoftmaxRows.sumOfExp(x, max, vocabulary);
                SoftmaxRows.addExp(dLogits.address(t), x, max, factor, vocabulary);
                long target = dLogits.address(t) + 4L * targets[t];
                Memory.f32(target, Memory.f32(target) - upstream);
            }
        });
    }

    private static int grain(int vocabulary) {
        return Math.ceilDiv(Stretches.HEAVY, Math.max(1, vocabulary));
    }
}
