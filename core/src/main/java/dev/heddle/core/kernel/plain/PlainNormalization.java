package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Normalization;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// [Normalization] in plain loops, statistics in double precision.
public final class PlainNormalization implements Normalization {
    private static float at(Tensor x, int t, int d) {
        return Memory.f32(x.address(t) + 4L * d);
    }

    private static void put(Tensor y, int t, int d, double value) {
        Memory.f32(y.address(t) + 4L * d, (float) value);
    }

    private static double weight(Optional<Tensor> weight, int d, float offset) {
        return weight.isEmpty() ? 1 : weight.get().get(d % weight.get().elements()) + offset;
    }

    @Override
    public void rms(Tensor y, Tensor x, Optional<Tensor> weight, float offset, float epsilon, int groups) {
        int width = x.columns() / groups;
        for (int t = 0; t < x.rows(); t++) {
            for (int g = 0; g < groups; g++) {
                double inverse = inverseRms(x, t, g * width, width, epsilon);
                for (int d = g * width; d < (g + 1) * width; d++) {
                    put(y, t, d, at(x, t, d) * inverse * weight(weight, d, offset));
                }
            }
        }
    }

    private static double inverseRms(Tensor x, int t, int from, int width, float epsilon) {
        double sum = 0;
        for (int d = from; d < from + width; d++) {
            sum += (double) at(x, t, d) * at(x, t, d);
        }
        return 1 / Math.sqrt(sum / width + epsilon);
    }

    @Override
    public void layer(Tensor y, Tensor x, Optional<Tensor> weight, Optional<Tensor> bias, float epsilon, int groups) {
        int width = x.columns() / groups;
        for (int t = 0; t < x.rows(); t++) {
            for (int g = 0; g < groups; g++) {
                int from = g * width;
                double mean = mean(x, t, from, width);
                double inverse = 1 / Math.sqrt(variance(x, t, from, width, mean) + epsilon);
                for (int d = from; d < from + width; d++) {
                    double b = bias.isEmpty() ? 0 : bias.get().get(d % bias.get().elements());
                    put(y, t, d, (at(x, t, d) - mean) * inverse * weight(weight, d, 0) + b);
                }
            }
        }
    }

    private static double mean(Tensor x, int t, int from, int width) {
        double sum = 0;
        for (int d = from; d < from + width; d++) {
            sum += at(x, t, d);
        }
        return sum / width;
    }

    private static double variance(Tensor x, int t, int from, int width, double mean) {
        double sum = 0;
        for (int d = from; d < from + width; d++) {
            sum += (at(x, t, d) - mean) * (at(x, t, d) - mean);
        }
        return sum / width;
    }

    @Override
    public void l2(Tensor y, Tensor x, float epsilon, boolean insideRoot, int groups) {
        int width = x.columns() / groups;
        for (int t = 0; t < x.rows(); t++) {
            for (int g = 0; g < groups; g++) {
                double sum = 0;
                for (int d = g * width; d < (g + 1) * width; d++) {
                    sum += (double) at(x, t, d) * at(x, t, d);
                }
                double norm = insideRoot ? Math.sqrt(sum + epsilon) : Math.max(Math.sqrt(sum), epsilon);
                for (int d = g * width; d < (g + 1) * width; d++) {
                    put(y, t, d, at(x, t, d) / norm);
                }
            }
        }
    }

    @Override
    public void rmsGradient(Tensor dx, Optional<Tensor> dWeight, Tensor dy, Tensor x, Optional<Tensor> weight, float offset,
            float epsilon, int groups) {
        int width = x.columns() / groups;
        for (int t = 0; t < x.rows(); t++) {
            for (int g = 0; g < groups; g++) {
                int from = g * width;
                double inverse = inverseRms(x, t, from, width, epsilon);
                double dot = 0;
                for (int d = from; d < from + width; d++) {
                    dot += at(dy, t, d) * weight(weight, d, offset) * at(x, t, d);
                }
                for (int d = from; d < from + width; d++) {
                    double xHat = at(x, t, d) * inverse;
                    double g1 = at(dy, t, d) * weight(weight, d, offset) * inverse - xHat * dot * inverse * inverse / width;
                    put(dx, t, d, at(dx, t, d) + g1);
                    if (dWeight.isPresent()) {
                        long i = d % dWeight.get().elements();
                        dWeight.get().set(i, (float) (dWeight.get().get(i) + at(dy, t, d) * xHat));
                    }
                }
            }
        }
    }

    @Override
    public void layerGradient(Tensor dx, Optional<Tensor> dWeight, Optional<Tensor> dBias, Tensor dy, Tensor x,
            Optional<Tensor> weight, float epsilon, int groups) {
        int width = x.columns() / groups;
        for (int t = 0; t < x.rows(); t++) {
            for (int g = 0; g < groups; g++) {
                int from = g * width;
                double mean = mean(x, t, from, width);
                double inverse = 1 / Math.sqrt(variance(x, t, from, width, mean) + epsilon);
                double sum = 0;
                double dot = 0;
                for (int d = from; d < from + width; d++) {
                    double out = at(dy, t, d) * weight(weight, d, 0);
                    sum += out;
                    dot += out * (at(x, t, d) - mean) * inverse;
                }
                for (int d = from; d < from + width; d++) {
                    double xHat = (at(x, t, d) - mean) * inverse;
                    double out = at(dy, t, d) * weight(weight, d, 0);
                    put(dx, t, d, at(dx, t, d) + inverse * (out - sum / width - xHat * dot / width));
                    double upstream = at(dy, t, d);
                    add(dWeight, d, upstream * xHat);
                    add(dBias, d, upstream);
                }
            }
        }
    }

    private static void add(Optional<Tensor> gradient, int d, double value) {
        if (gradient.isPresent()) {
            long i = d % gradient.get().elements();
            gradient.get().set(i, (float) (gradient.get().get(i) + value));
        }
    }

    @Override
    public void l2Gradient(Tensor dx, Tensor dy, Tensor x, float epsilon, boolean insideRoot, int groups) {
        int width = x.columns() / groups;
        for (int t = 0; t < x.rows(); t++) {
            for (int g = 0; g < groups; g++) {
                int from = g * width;
                double sum = 0;
                double dot = 0;
                for (int d = from; d < from + width; d++) {
                    sum += (double) at(x, t, d) * at(x, t, d);
                    dot += (double) at(dy, t, d) * at(x, t, d);
                }
                double norm = insideRoot ? Math.sqrt(sum + epsilon) : Math.max(Math.sqrt(sum), epsilon);
                boolean constant = !insideRoot && Math.sqrt(sum) < epsilon;
                for (int d = from; d < from + width; d++) {
                    double along = constant ? 0 : at(x, t, d) * dot / (norm * norm * norm);
                    put(dx, t, d, at(dx, t, d) + at(dy, t, d) / norm - along);
                }
            }
        }
    }
}
