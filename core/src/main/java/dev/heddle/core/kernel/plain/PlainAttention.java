package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

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

    private static void head(Shape shape, Tensor y, Tensor q, KeyValues cache, int slot, int t, long position, int h) {
        int g = h / (shape.heads() / shape.kvHeads());
        double[] out = new double[shape.valueDim()];
        double[] scores = new double[(int) position + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int s = 0; s <= position; s++) {
            scores[s] = visible(shape, position, s) ? score(shape, q, cache, slot, t, position, s, h, g)
                    : Double.NEGATIVE_INFINITY;
            max = Math.max(max, scores[s]);
        }
        double sum = 0;
        for (int s = 0; s <= position; s++) {
            double weight = Math.exp(scores[s] - max);
            if (weight == 0) {
                continue;
            }
            sum += weight;
            Tensor values = cache.values();
            long value = values.address(cache.row(slot, s)) + values.dtype().bytes((long) g * shape.valueDim());
            for (int d = 0; d < out.length; d++) {
                out[d] += weight * Memory.load(values.dtype(), value + values.dtype().bytes(d));
            }
        }
        for (int d = 0; d < out.length; d++) {
            Memory.f32(y.address(t) + 4L * (h * shape.valueDim() + d), (float) (out[d] / sum));
        }
    }

    private static boolean visible(Shape shape, long position, int s) {
        return shape.window() == 0 || position - s < shape.window() || s < shape.sinks();
    }

    private static double score(Shape shape, Tensor q, KeyValues cache, int slot, int t, long position, int s, int h, int g) {
        Tensor keys = cache.keys();
        long key = keys.address(cache.row(slot, s)) + keys.dtype().bytes((long) g * shape.headDim());
        double dot = 0;
        for (int d = 0; d < shape.headDim(); d++) {
            dot += (double) Memory.f32(q.address(t) + 4L * (h * shape.headDim() + d))
                    * Memory.load(keys.dtype(), key + keys.dtype().bytes(d));
        }
        double score = dot * shape.scale();
        if (shape.softcap() > 0) {
            score = shape.softcap() * Math.tanh(score / shape.softcap());
        }
        if (shape.alibi()) {
            score -= shape.slope(h) * (position - s);
        }
        return score;
    }
}
