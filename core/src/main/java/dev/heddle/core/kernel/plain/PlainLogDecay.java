package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.LogDecay;
import dev.heddle.core.tensor.Tensor;

/// [LogDecay] in plain loops.
public final class PlainLogDecay implements LogDecay {
    @Override
    public void forward(Tensor g, Tensor x, Tensor bias, Tensor aLog) {
        int width = x.columns() / (int) aLog.elements();
        for (int c = 0; c < x.columns(); c++) {
            double rate = -Math.exp(aLog.get(c / width));
            for (int t = 0; t < x.rows(); t++) {
                put(g, t, c, rate * Scalar.softplus((double) at(x, t, c) + bias.get(c)));
            }
        }
    }

    @Override
    public void backward(Tensor dx, Tensor dBias, Tensor dALog, Tensor dg, Tensor x, Tensor bias, Tensor aLog) {
        int width = x.columns() / (int) aLog.elements();
        for (int c = 0; c < x.columns(); c++) {
            double rate = -Math.exp(aLog.get(c / width));
            double dColumn = 0;
            double dLog = 0;
            for (int t = 0; t < x.rows(); t++) {
                double in = (double) at(x, t, c) + bias.get(c);
                double slope = at(dg, t, c) * rate * Scalar.sigmoid(in);
                plus(dx, t, c, slope);
                dColumn += slope;
                dLog += at(dg, t, c) * rate * Scalar.softplus(in);
            }
            dBias.set(c, (float) (dBias.get(c) + dColumn));
            dALog.set(c / width, (float) (dALog.get(c / width) + dLog));
        }
    }
}
