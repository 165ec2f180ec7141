package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.FeatureMaps;
import dev.heddle.core.kernel.plain.PlainFeatureMaps;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [FeatureMaps] on the Vector API and on several threads, which share the rows. Gradients are the plain kernel's.
public final class VectorFeatureMaps implements FeatureMaps {
    private final Workers workers;
    private final FeatureMaps plain = new PlainFeatureMaps();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorFeatureMaps(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void unfold(Tensor y, Tensor x, Patches patches) {
        int grain = Math.ceilDiv(Stretches.LIGHT, Math.max(1, y.columns()));
        workers.forRange(y.rows(), grain, (from, to) -> {
            for (int row = from; row < to; row++) {
                unfold(y.address(row), x, patches, row);
            }
        });
    }

    /// One patch: every position of it lays its channels K·K numbers apart.
    private static void unfold(long y, Tensor x, Patches p, int row) {
        int channels = x.columns();
        int window = p.kernel() * p.kernel();
        int across = p.outputWidth();
        int image = row / (across * p.outputHeight());
        int top = row / across % p.outputHeight() * p.stride() - p.padding();
        int left = row % across * p.stride() - p.padding();
        for (int uv = 0; uv < window; uv++) {
            int i = top + uv / p.kernel();
            int j = left + uv % p.kernel();
            boolean inside = i >= 0 && i < p.height() && j >= 0 && j < p.width();
            long from = inside ? x.address(((long) image * p.height() + i) * p.width() + j) : 0;
            for (int c = 0; c < channels; c++) {
                Memory.f32(y + 4L * (c * window + uv), inside ? Memory.f32(from + 4L * c) : 0);
            }
        }
    }

    @Override
    public void unfoldGradient(Tensor dx, Tensor dy, Patches patches) {
        plain.unfoldGradient(dx, dy, patches);
    }

    @Override
    public void arrange(Tensor y, Tensor x, int[] rows) {
        Stretches.each(workers, rows.length, y.columns(), Stretches.LIGHT, (i, d, n) -> {
            if (rows[i] < 0) {
                ConvolutionRows.zero(y.address(i) + 4L * d, n);
            } else {
                Memory.copy(y.address(i) + 4L * d, x.address(rows[i]) + 4L * d, 4L * n);
            }
        });
    }

    @Override
    public void arrangeGradient(Tensor dx, Tensor dy, int[] rows) {
        plain.arrangeGradient(dx, dy, rows);
    }

    @Override
    public void normalize(Tensor y, Tensor x, Statistics statistics, float epsilon) {
        int channels = x.columns();
        long factors = scratch.get().address(4L * channels);
        for (int c = 0; c < channels; c++) {
            double inverse = 1 / Math.sqrt((double) Memory.f32(statistics.variance().address() + 4L * c) + epsilon);
            Memory.f32(factors + 4L * c, (float) (Memory.f32(statistics.weight().address() + 4L * c) * inverse));
        }
        long mean = statistics.mean().address();
        long bias = statistics.bias().address();
        Stretches.each(workers, x.rows(), channels, Stretches.LIGHT, (t, d, n) -> normalize(y.address(t) + 4L * d,
                x.address(t) + 4L * d, mean + 4L * d, factors + 4L * d, bias + 4L * d, n));
    }

    /// y = (x − mean) ⊙ factor + bias.
    private static void normalize(long y, long x, long mean, long factor, long bias, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(x + 4L * i).sub(load(mean + 4L * i)).fma(load(factor + 4L * i), load(bias + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            long at = 4L * whole;
            store(load(x + at, rest).sub(load(mean + at, rest)).fma(load(factor + at, rest), load(bias + at, rest)), y + at, rest);
        }
    }

    @Override
    public void normalizeGradient(Tensor dx, Statistics gradients, Tensor dy, Tensor x, Statistics statistics, float epsilon) {
        plain.normalizeGradient(dx, gradients, dy, x, statistics, epsilon);
    }

    @Override
    public void mean(Tensor y, Tensor x, int count) {
        int grain = Math.ceilDiv(Stretches.LIGHT, Math.max(1, count * x.columns()));
        workers.forRange(y.rows(), grain, (from, to) -> {
            for (int b = from; b < to; b++) {
                mean(y.address(b), x, b * count, count, y.columns());
            }
        });
    }

    /// Sums of eight rows at a time, then of those, which keeps the error of long sums small.
    private static void mean(long y, Tensor x, int first, int count, int columns) {
        for (int c = 0; c < columns; c += Lanes.COUNT) {
            VectorMask<Float> mask = Lanes.first(columns - c);
            FloatVector sum = Lanes.zero();
            for (int t = 0; t < count; t += 8) {
                FloatVector run = Lanes.zero();
                for (int r = t; r < Math.min(t + 8, count); r++) {
                    run = run.add(load(x.address(first + r) + 4L * c, mask));
                }
                sum = sum.add(run);
            }
            store(sum.div(count), y + 4L * c, mask);
        }
    }

    @Override
    public void meanGradient(Tensor dx, Tensor dy, int count) {
        plain.meanGradient(dx, dy, count);
    }
}
