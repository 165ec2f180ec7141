package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.AttentionDifference;
import dev.heddle.core.kernel.plain.PlainAttentionDifference;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;

/// [AttentionDifference] on the Vector API; gradients in plain loops.
public final class VectorAttentionDifference implements AttentionDifference {
    private final Workers workers;
    private final AttentionDifference plain = new PlainAttentionDifference();

    public VectorAttentionDifference(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor y, Tensor a, Tensor b, Share share) {
        float lambda = exp(share.q1(), share.k1()) - exp(share.q2(), share.k2()) + share.initial();
        Stretches.each(workers, y.rows(), y.columns(), Stretches.LIGHT, (t, d, n) -> Arithmetic.add(
                y.address(t) + 4L * d, a.address(t) + 4L * d, b.address(t) + 4L * d, -lambda, n));
    }

    private static float exp(Tensor q, Tensor k) {
        double dot = 0;
        for (long i = 0; i < q.elements(); i++) {
            dot += (double) q.get(i) * k.get(i);
        }
        return VectorMath.exp((float) dot);
    }

    @Override
    public void backward(Tensor da, Tensor db, Share gradients, Tensor dy, Tensor b, Share share) {
        plain.backward(da, db, gradients, dy, b, share);
    }
}
