package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;

/// [Attention] in plain loops: all scores of a query, their softmax, the weighted values.
public final class PlainAttention implements Attention {
    @Override
    public void append(KeyValues cache, Tensor k, Tensor v, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                long row = cache.row(segments.slots()[s], segments.positions()[s] + t - segments.start(s));
                copy(cache.keys(), row, k, t);
                copy(cache.values(), row, v, t);
            }
        }
    }

    private static void copy(Tensor to, long row, Tensor from, int t) {
        if (to.dtype() == DType.Q8_0) {
            Blocks.storeQ8_0(to.address(row), from.address(t), from.columns());
            return;
        }
        for (int d = 0; d < from.columns(); d++) {
            Memory.store(to.dtype(), to.address(row) + to.dtype().bytes(d), Memory.f32(from.address(t) + 4L * d));
        }
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, KeyValues cache, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                long position = segments.positions()[s] + t - segments.start(s);
                for (int h = 0; h < shape.heads(); h++) {
                    head(shape, y, q, cache, segments.slots()[s], t, position, h);
                }
            }
        }
    }

    /// Softmax of a query over the positions up to its own; hidden ones get 0.
    private static double[] weights(Shape shape, Tensor q, KeyValues cache, int slot, int t, long position, int h) {
        double[] weights = new double[(int) position + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int s = 0; s <= position; s++) {
            weights[s] = visible(shape, position, s) ? score(shape, q, cache, slot, t, position, s, h)
                    : Double.NEGATIVE_INFINITY;
            max = Math.max(max, weights[s]);
        }
        double sum = 0;
        for (int s = 0; s <= position; s++) {
            weights[s] = Math.exp(weights[s] - max);
            sum += weights[s];
        }
        for (int s = 0; s <= position; s++) {
            weights[s] /= sum;
        }
        return weights;
    }

    private static double[] row(KeyValues cache, Tensor rows, int slot, int s, int g, int width) {
        double[] values = new double[width];
        long at = rows.address(cache.row(slot, s)) + rows.dtype().bytes((long) g * width);
        if (rows.dtype().isQuantized()) {
            float[] numbers = new float[width];
            Blocks.read(rows.dtype(), at, width, numbers, 0);
            Arrays.setAll(values, d -> numbers[d]);
            return values;
        }
        for (int d = 0; d < width; d++) {
            values[d] = Memory.load(rows.dtype(), at + rows.dtype().bytes(d));
        }
        return values;
    }

    private static void head(Shape shape, Tensor y, Tensor q, KeyValues cache, int slot, int t, long position, int h) {
        double[] out = new double[shape.valueDim()];
        double[] weights = weights(shape, q, cache, slot, t, position, h);
        for (int s = 0; s <= position; s++) {
            if (weights[s] != 0) {
                double[] value = row(cache, cache.values(), slot, s, group(shape, h), shape.valueDim());
                for (int d = 0; d < out.length; d++) {
                    out[d] += weights[s] * value[d];
                }
            }
        }
        Elements.put(y, t, h * shape.valueDim(), out);
    }

    private static int group(Shape shape, int h) {
        return h / (shape.heads() / shape.kvHeads());
    }

    @Override
    public void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor y, Tensor q, KeyValues cache,
            Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int t = segments.start(s); t < segments.end(s); t++) {
                for (int h = 0; h < shape.heads(); h++) {
                    backward(shape, dq, dk, dv, dy, q, cache, segments, s, t, h);
                }
            }
        }
    }

    private static void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor q, KeyValues cache,
            Segments segments, int segment, int t, int h) {
        int slot = segments.slots()[segment];
        long begin = segments.positions()[segment];
        long position = begin + t - segments.start(segment);
        int g = group(shape, h);
        double[] weights = weights(shape, q, cache, slot, t, position, h);
        double[] upstream = Elements.row(dy, t, h * shape.valueDim(), shape.valueDim());
        double[] query = Elements.row(q, t, h * shape.headDim(), shape.headDim());
        double[] slope = new double[weights.length];
        double mean = 0;
        for (int s = 0; s < weights.length; s++) {
            if (weights[s] != 0) {
                slope[s] = dot(upstream, row(cache, cache.values(), slot, s, g, shape.valueDim()));
                mean += weights[s] * slope[s];
            }
        }
        double[] dQuery = new double[shape.headDim()];
        for (int s = 0; s < weights.length; s++) {
            if (weights[s] == 0) {
                continue;
            }
            double[] key = row(cache, cache.keys(), slot, s, g, shape.headDim());
            double dScore = weights[s] * (slope[s] - mean) * shape.scale() * softcapSlope(shape, dot(query, key) * shape.scale());
            plus(dQuery, dScore, key);
            if (s >= begin) {
                int source = (int) (segments.start(segment) + s - begin);
                Elements.plus(dk, source, g * shape.headDim(), times(dScore, query));
                Elements.plus(dv, source, g * shape.valueDim(), times(weights[s], upstream));
            }
        }
        Elements.plus(dq, t, h * shape.headDim(), dQuery);
    }

    private static double softcapSlope(Shape shape, double score) {
        if (shape.softcap() == 0) {
            return 1;
        }
        double tanh = Math.tanh(score / shape.softcap());
        return 1 - tanh * tanh;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int d = 0; d < a.length; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }

    private static void plus(double[] y, double scale, double[] x) {
        for (int d = 0; d < y.length; d++) {
            y[d] += scale * x[d];
        }
    }

    private static double[] times(double scale, double[] x) {
        double[] y = new double[x.length];
        plus(y, scale, x);
        return y;
    }

    private static boolean visible(Shape shape, long position, int s) {
        return shape.window() == 0 || position - s < shape.window() || s < shape.sinks();
    }

    private static double score(Shape shape, Tensor q, KeyValues cache, int slot, int t, long position, int s, int h) {
        double score = dot(Elements.row(q, t, h * shape.headDim(), shape.headDim()),
                row(cache, cache.keys(), slot, s, group(shape, h), shape.headDim())) * shape.scale();
        if (shape.softcap() > 0) {
            score = shape.softcap() * Math.tanh(score / shape.softcap());
        }
        if (shape.alibi()) {
            score -= shape.slope(h) * (position - s);
        }
        return score;
    }
}
