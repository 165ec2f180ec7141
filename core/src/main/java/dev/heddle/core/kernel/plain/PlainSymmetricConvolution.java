package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.SymmetricConvolution;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [SymmetricConvolution] in plain loops.
public final class PlainSymmetricConvolution implements SymmetricConvolution {
    private static double sum(Tensor x, Tensor weight, Optional<Tensor> bias, int start, int end, int t, int c) {
        int taps = weight.rows();
        double sum = bias.isEmpty() ? 0 : at(bias.get(), 0, c);
        for (int k = 0; k < taps; k++) {
            int from = t - (taps - 1) / 2 + k;
            if (from >= start && from < end) {
                sum += (double) at(weight, k, c) * at(x, from, c);
            }
        }
        return sum;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                for (int c = 0; c < x.columns(); c++) {
                    put(y, t, c, Scalar.activate(activation,
                            sum(x, weight, bias, segments.start(s), segments.end(s), t, c)));
                }
            }
        }
    }

    @Override
    public void backward(Tensor dx, Tensor dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x, Tensor weight,
            Optional<Tensor> bias, Activation activation, Segments segments) {
        int taps = weight.rows();
        for (int s = 0; s < segments.count(); s++) {
            int start = segments.start(s);
            int end = segments.end(s);
            for (int t = start; t < end; t++) {
                for (int c = 0; c < x.columns(); c++) {
                    double d = at(dy, t, c) * Scalar.derivative(activation, sum(x, weight, bias, start, end, t, c));
                    if (dBias.isPresent()) {
                        plus(dBias.get(), 0, c, d);
                    }
                    for (int k = 0; k < taps; k++) {
                        int from = t - (taps - 1) / 2 + k;
                        if (from >= start && from < end) {
                            plus(dWeight, k, c, d * at(x, from, c));
                            plus(dx, from, c, d * at(weight, k, c));
                        }
                    }
                }
            }
        }
    }
}
