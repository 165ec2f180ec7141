package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.TokenShift;
import dev.heddle.core.tensor.Tensor;

/// [TokenShift] in plain loops.
public final class PlainTokenShift implements TokenShift {
    @Override
    public void previous(Tensor y, Tensor x, Tensor state, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            if (segments.length(s) == 0) {
                continue;
            }
            for (int t = segments.start(s); t < segments.end(s); t++) {
                for (int d = 0; d < x.columns(); d++) {
                    put(y, t, d, t == segments.start(s) ? at(state, slot, d) : at(x, t - 1, d));
                }
            }
            for (int d = 0; d < x.columns(); d++) {
                put(state, slot, d, at(x, segments.end(s) - 1, d));
            }
        }
    }

    @Override
    public void previousGradient(Tensor dx, Tensor dy, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s) + 1; t < segments.end(s); t++) {
                for (int d = 0; d < dy.columns(); d++) {
                    plus(dx, t - 1, d, at(dy, t, d));
                }
            }
        }
    }

    @Override
    public void interpolate(Tensor y, Tensor from, Tensor to, Tensor weight) {
        boolean row = weight.elements() == y.columns();
        for (int t = 0; t < y.rows(); t++) {
            for (int d = 0; d < y.columns(); d++) {
                double w = row ? at(weight, 0, d) : at(weight, t, d);
                put(y, t, d, at(from, t, d) + w * ((double) at(to, t, d) - at(from, t, d)));
            }
        }
    }

    @Override
    public void interpolateGradient(Tensor dFrom, Tensor dTo, Tensor dWeight, Tensor dy, Tensor from, Tensor to,
            Tensor weight) {
        boolean row = weight.elements() == dy.columns();
        for (int d = 0; d < dy.columns(); d++) {
            double sum = 0;
            for (int t = 0; t < dy.rows(); t++) {
                double w = row ? at(weight, 0, d) : at(weight, t, d);
                double out = at(dy, t, d);
                double dw = out * ((double) at(to, t, d) - at(from, t, d));
                plus(dFrom, t, d, out * (1 - w));
                plus(dTo, t, d, out * w);
                if (row) {
                    sum += dw;
                } else {
                    plus(dWeight, t, d, dw);
                }
            }
            if (row) {
                dWeight.set(d, (float) (dWeight.get(d) + sum));
            }
        }
    }
}
