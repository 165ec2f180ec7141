package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.Wkv;
import dev.heddle.core.tensor.Tensor;

/// [Wkv] step by step, one channel after the other.
public final class PlainWkv implements Wkv {
    /// A channel between two positions: numerator and denominator divided by e^exponent.
    private record Sums(double a, double b, double exponent) {
        Sums next(double w, double k, double v) {
            double p = Math.max(exponent + w, k);
            double keep = Math.exp(exponent + w - p);
            double add = Math.exp(k - p);
            return new Sums(keep * a + add * v, keep * b + add, p);
        }

        double mean(double u, double k, double v) {
            double p = Math.max(exponent, u + k);
            double old = Math.exp(exponent - p);
            double now = Math.exp(u + k - p);
            return (old * a + now * v) / (old * b + now);
        }
    }

    @Override
    public void forward(Tensor y, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums, Tensor exponent,
            Segments segments) {
        int inner = k.columns();
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int i = 0; i < inner; i++) {
                Sums state = new Sums(at(sums, slot, i), at(sums, slot, inner + i), at(exponent, slot, i));
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    put(y, t, i, state.mean(bonus.get(i), at(k, t, i), at(v, t, i)));
                    state = state.next(logDecay.get(i), at(k, t, i), at(v, t, i));
                }
                put(sums, slot, i, state.a);
                put(sums, slot, inner + i, state.b);
                put(exponent, slot, i, state.exponent);
            }
        }
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums,
            Tensor exponent, Segments segments) {
        int inner = k.columns();
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int i = 0; i < inner; i++) {
                Sums[] before = new Sums[segments.length(s) + 1];
                before[0] = new Sums(at(sums, slot, i), at(sums, slot, inner + i), at(exponent, slot, i));
                for (int t = 0; t < segments.length(s); t++) {
                    int row = segments.start(s) + t;
                    before[t + 1] = before[t].next(logDecay.get(i), at(k, row, i), at(v, row, i));
                }
                channelBackward(gradients, dy, k, v, logDecay.get(i), bonus.get(i), before, segments.start(s), i);
            }
        }
    }

    /// Differentiates with the exponents held constant: the results do not depend on them.
    private static void channelBackward(Gradients gradients, Tensor dy, Tensor k, Tensor v, double w, double u, Sums[] before,
            int start, int i) {
        double da = 0;
        double db = 0;
        double dw = 0;
        double du = 0;
        for (int t = before.length - 2; t >= 0; t--) {
            Sums state = before[t];
            double kt = at(k, start + t, i);
            double vt = at(v, start + t, i);
            double p = Math.max(state.exponent, u + kt);
            double old = Math.exp(state.exponent - p);
            double now = Math.exp(u + kt - p);
            double denominator = old * state.b + now;
            double mean = (old * state.a + now * vt) / denominator;
            double out = at(dy, start + t, i) / denominator;
            double keep = Math.exp(state.exponent + w - before[t + 1].exponent);
            double add = Math.exp(kt - before[t + 1].exponent);
            double dNow = now * out * (vt - mean);
            du += dNow;
            dw += keep * (state.a * da + state.b * db);
            plus(gradients.k(), start + t, i, add * (vt * da + db) + dNow);
            plus(gradients.v(), start + t, i, add * da + now * out);
            da = keep * da + old * out;
            db = keep * db - old * out * mean;
        }
        gradients.logDecay().set(i, (float) (gradients.logDecay().get(i) + dw));
        gradients.bonus().set(i, (float) (gradients.bonus().get(i) + du));
    }
}
