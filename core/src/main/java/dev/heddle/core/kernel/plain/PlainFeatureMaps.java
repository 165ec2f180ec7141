package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.at;
import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;

import dev.heddle.core.kernel.FeatureMaps;
import dev.heddle.core.tensor.Tensor;

/// [FeatureMaps] in plain loops.
public final class PlainFeatureMaps implements FeatureMaps {
    @FunctionalInterface
    private interface Each {
        /// @param from row of the map, or −1 for padding
        void at(int to, int column, int from, int channel);
    }

    private static void each(Patches p, int channels, Each body) {
        int window = p.kernel() * p.kernel();
        int to = 0;
        for (int b = 0; b < p.images(); b++) {
            for (int i = 0; i < p.outputHeight(); i++) {
                for (int j = 0; j < p.outputWidth(); j++, to++) {
                    for (int uv = 0; uv < window; uv++) {
                        int row = i * p.stride() + uv / p.kernel() - p.padding();
                        int column = j * p.stride() + uv % p.kernel() - p.padding();
                        boolean inside = row >= 0 && row < p.height() && column >= 0 && column < p.width();
                        int from = inside ? (b * p.height() + row) * p.width() + column : -1;
                        for (int c = 0; c < channels; c++) {
                            body.at(to, c * window + uv, from, c);
                        }
                    }
                }
            }
        }
    }

    @Override
    public void unfold(Tensor y, Tensor x, Patches patches) {
        each(patches, x.columns(), (to, column, from, c) -> put(y, to, column, from < 0 ? 0 : at(x, from, c)));
    }

    @Override
    public void unfoldGradient(Tensor dx, Tensor dy, Patches patches) {
        each(patches, dx.columns(), (to, column, from, c) -> {
            if (from >= 0) {
                plus(dx, from, c, at(dy, to, column));
            }
        });
    }

    @Override
    public void arrange(Tensor y, Tensor x, int[] rows) {
        for (int i = 0; i < rows.length; i++) {
            for (int c = 0; c < y.columns(); c++) {
                put(y, i, c, rows[i] < 0 ? 0 : at(x, rows[i], c));
            }
        }
    }

    @Override
    public void arrangeGradient(Tensor dx, Tensor dy, int[] rows) {
        for (int i = 0; i < rows.length; i++) {
            for (int c = 0; c < dy.columns() && rows[i] >= 0; c++) {
                plus(dx, rows[i], c, at(dy, i, c));
            }
        }
    }

    private static double inverse(Statistics statistics, int c, float epsilon) {
        return 1 / Math.sqrt((double) at(statistics.variance(), 0, c) + epsilon);
    }

    @Override
    public void normalize(Tensor y, Tensor x, Statistics statistics, float epsilon) {
        for (int c = 0; c < x.columns(); c++) {
            double factor = at(statistics.weight(), 0, c) * inverse(statistics, c, epsilon);
            double mean = at(statistics.mean(), 0, c);
            double bias = at(statistics.bias(), 0, c);
            for (int t = 0; t < x.rows(); t++) {
                put(y, t, c, (at(x, t, c) - mean) * factor + bias);
            }
        }
    }

    @Override
    public void normalizeGradient(Tensor dx, Statistics gradients, Tensor dy, Tensor x, Statistics statistics, float epsilon) {
        for (int c = 0; c < x.columns(); c++) {
            double inverse = inverse(statistics, c, epsilon);
            double weight = at(statistics.weight(), 0, c);
            double mean = at(statistics.mean(), 0, c);
            double sum = 0;
            double dot = 0;
            for (int t = 0; t < x.rows(); t++) {
                double d = at(dy, t, c);
                sum += d;
                dot += d * (at(x, t, c) - mean) * inverse;
                plus(dx, t, c, d * weight * inverse);
            }
            plus(gradients.bias(), 0, c, sum);
            plus(gradients.weight(), 0, c, dot);
            plus(gradients.mean(), 0, c, -sum * weight * inverse);
            plus(gradients.variance(), 0, c, -0.5 * dot * weight * inverse * inverse);
        }
    }

    @Override
    public void mean(Tensor y, Tensor x, int count) {
        for (int b = 0; b < y.rows(); b++) {
            for (int c = 0; c < y.columns(); c++) {
                double sum = 0;
                for (int t = b * count; t < (b + 1) * count; t++) {
                    sum += at(x, t, c);
                }
                put(y, b, c, sum / count);
            }
        }
    }

    @Override
    public void meanGradient(Tensor dx, Tensor dy, int count) {
        for (int t = 0; t < dx.rows(); t++) {
            for (int c = 0; c < dx.columns(); c++) {
                plus(dx, t, c, (double) at(dy, t / count, c) / count);
            }
        }
    }
}
