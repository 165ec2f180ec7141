package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.AttentionDifference;
import dev.heddle.core.tensor.Tensor;

/// [AttentionDifference] in plain loops.
public final class PlainAttentionDifference implements AttentionDifference {
    private static double exp(Tensor q, Tensor k) {
        double dot = 0;
        for (long i = 0; i < q.elements(); i++) {
            dot += (double) q.get(i) * k.get(i);
        }
        return Math.exp(dot);
    }

    private static double lambda(Share share) {
        return exp(share.q1(), share.k1()) - exp(share.q2(), share.k2()) + share.initial();
    }

    @Override
    public void forward(Tensor y, Tensor a, Tensor b, Share share) {
        double lambda = lambda(share);
        for (int t = 0; t < y.rows(); t++) {
            for (int d = 0; d < y.columns(); d++) {
                put(y, t, d, at(a, t, d) - lambda * at(b, t, d));
            }
        }
    }

    @Override
    public void backward(Tensor da, Tensor db, Share gradients, Tensor dy, Tensor b, Share share) {
        double lambda = lambda(share);
        double dLambda = 0;
        for (int t = 0; t < dy.rows(); t++) {
            for (int d = 0; d < dy.columns(); d++) {
                plus(da, t, d, at(dy, t, d));
                plus(db, t, d, -lambda * at(dy, t, d));
                dLambda -= (double) at(dy, t, d) * at(b, t, d);
            }
        }
        term(gradients.q1(), gradients.k1(), dLambda * exp(share.q1(), share.k1()), share.q1(), share.k1());
        term(gradients.q2(), gradients.k2(), -dLambda * exp(share.q2(), share.k2()), share.q2(), share.k2());
    }

    /// The gradients of one exp(Σ q·k), `dTerm` times its value.
    private static void term(Tensor dq, Tensor dk, double dTerm, Tensor q, Tensor k) {
        for (long i = 0; i < q.elements(); i++) {
            dq.set(i, (float) (dq.get(i) + dTerm * k.get(i)));
            dk.set(i, (float) (dk.get(i) + dTerm * q.get(i)));
        }
    }
}
