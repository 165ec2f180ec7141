package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.KullbackLeibler;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [KullbackLeibler] in plain loops, sums in double precision.
public final class PlainKullbackLeibler implements KullbackLeibler {
    private static double at(Tensor logits, int t, int v) {
        return Memory.f32(logits.address(t) + 4L * v);
    }

    @Override
    public void forward(Tensor loss, Tensor a, Tensor b) {
        for (int t = 0; t < a.rows(); t++) {
            double logA = PlainCrossEntropy.logSum(a, t);
            double logB = PlainCrossEntropy.logSum(b, t);
            double sum = 0;
            for (int v = 0; v < a.columns(); v++) {
                double logP = at(a, t, v) - logA;
                sum += Math.exp(logP) * (logP - (at(b, t, v) - logB));
            }
            Memory.f32(loss.address(t), (float) sum);
        }
    }

    @Override
    public void backward(Tensor db, Tensor dLoss, Tensor a, Tensor b) {
        for (int t = 0; t < a.rows(); t++) {
            double logA = PlainCrossEntropy.logSum(a, t);
            double logB = PlainCrossEntropy.logSum(b, t);
            double upstream = Memory.f32(dLoss.address(t));
            for (int v = 0; v < a.columns(); v++) {
                long address = db.address(t) + 4L * v;
                Memory.f32(address, (float) (Memory.f32(address)
                        + upstream * (Math.exp(at(b, t, v) - logB) - Math.exp(at(a, t, v) - logA))));
            }
        }
    }
}
