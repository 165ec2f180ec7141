package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.CrossEntropy;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [CrossEntropy] in plain loops, sums in double precision.
public final class PlainCrossEntropy implements CrossEntropy {
    /// log Σ_v exp(x[t,v]).
    static double logSum(Tensor logits, int t) {
        double max = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < logits.columns(); v++) {
            max = Math.max(max, Memory.f32(logits.address(t) + 4L * v));
        }
        double sum = 0;
        for (int v = 0; v < logits.columns(); v++) {
            sum += Math.exp(Memory.f32(logits.address(t) + 4L * v) - max);
        }
        return max + Math.log(sum);
    }

    @Override
    public void forward(Tensor loss, Tensor logits, int[] targets) {
        for (int t = 0; t < targets.length; t++) {
            Memory.f32(loss.address(t), (float) (logSum(logits, t) - Memory.f32(logits.address(t) + 4L * targets[t])));
        }
    }

    @Override
    public void backward(Tensor dLogits, Tensor dLoss, Tensor logits, int[] targets) {
        for (int t = 0; t < targets.length; t++) {
            double logSum = logSum(logits, t);
            double upstream = Memory.f32(dLoss.address(t));
            for (int v = 0; v < logits.columns(); v++) {
                double probability = Math.exp(Memory.f32(logits.address(t) + 4L * v) - logSum);
                long address = dLogits.address(t) + 4L * v;
                Memory.f32(address,
                        (float) (Memory.f32(address) + upstream * (probability - (v == targets[t] ? 1 : 0))));
            }
        }
    }
}
