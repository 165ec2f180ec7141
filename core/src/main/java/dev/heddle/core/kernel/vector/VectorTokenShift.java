package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.TokenShift;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [TokenShift] on the Vector API.
public final class VectorTokenShift implements TokenShift {
    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorTokenShift(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void previous(Tensor y, Tensor x, Tensor state, Segments segments) {
        long bytes = 4L * x.columns();
        workers.forRange(segments.rows(), Math.ceilDiv(Stretches.LIGHT, Math.max(1, x.columns())), (from, to) -> {
            int s = segments.of(from);
            for (int t = from; t < to; t++) {
                while (t >= segments.end(s)) {
                    s++;
                }
                long before = t == segments.start(s) ? state.address(segments.slots()[s]) : x.address(t - 1L);
                Memory.copy(y.address(t), before, bytes);
            }
        });
        for (int s = 0; s < segments.count(); s++) {
            if (segments.length(s) > 0) {
                Memory.copy(state.address(segments.slots()[s]), x.address(segments.end(s) - 1L), bytes);
            }
        }
    }

    @Override
    public void previousGradient(Tensor dx, Tensor dy, Segments segments) {
        workers.forRange(segments.rows(), Math.ceilDiv(Stretches.LIGHT, Math.max(1, dx.columns())), (from, to) -> {
            int s = segments.of(from);
            for (int t = from; t < to; t++) {
                while (t >= segments.end(s)) {
                    s++;
                }
                if (t + 1 < segments.end(s)) {
                    Arithmetic.add(dx.address(t), dx.address(t), dy.address(t + 1L), dx.columns());
                }
            }
        });
    }

    @Override
    public void interpolate(Tensor y, Tensor from, Tensor to, Tensor weight) {
        boolean row = weight.elements() == y.columns();
        Stretches.each(workers, y.rows(), y.columns(), Stretches.LIGHT, (t, d, n) -> Arithmetic.interpolate(
                y.address(t) + 4L * d, from.address(t) + 4L * d, to.address(t) + 4L * d, weight.address(row ? 0 : t) + 4L * d, n));
    }

    @Override
    public void interpolateGradient(Tensor dFrom, Tensor dTo, Tensor dWeight, Tensor dy, Tensor from, Tensor to,
            Tensor weight) {
        boolean row = weight.elements() == dy.columns();
        Stretches.columns(workers, dy.rows(), dy.columns(), Stretches.LIGHT, (_, d, n) -> {
            long difference = scratch.get().address(4L * n);
            for (int t = 0; t < dy.rows(); t++) {
                long out = dy.address(t) + 4L * d;
                long w = weight.address(row ? 0 : t) + 4L * d;
                Arithmetic.add(difference, to.address(t) + 4L * d, from.address(t) + 4L * d, -1, n);
                Arithmetic.addProduct(dWeight.address(row ? 0 : t) + 4L * d, out, difference, n);
                Arithmetic.addProduct(dTo.address(t) + 4L * d, out, w, n);
                Arithmetic.multiply(difference, out, w, n);
                Arithmetic.add(difference, out, difference, -1, n);
                Arithmetic.add(dFrom.address(t) + 4L * d, dFrom.address(t) + 4L * d, difference, n);
            }
        });
    }
}
