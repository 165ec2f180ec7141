package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.kernel.Dropout;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// [Dropout] on the Vector API.
public final class VectorDropout implements Dropout {
    private final Workers workers;

    public VectorDropout(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void apply(Tensor y, Tensor x, long key, float rate) {
        Stretches.each(workers, x.rows(), x.columns(), Stretches.LIGHT, (t, d, n) ->
                apply(y.address(t) + 4L * d, x.address(t) + 4L * d, Dropout.rowKey(key, t) + STRIDE * d, rate, n));
    }

    @Override
    public void gradient(Tensor dx, Tensor dy, long key, float rate) {
        Stretches.each(workers, dy.rows(), dy.columns(), Stretches.LIGHT, (t, d, n) ->
                gradient(dx.address(t) + 4L * d, dy.address(t) + 4L * d, Dropout.rowKey(key, t) + STRIDE * d, rate, n));
    }

    /// @param counter rowKey + G·column of the first element
    private static void apply(long y, long x, int counter, float rate, int n) {
        int threshold = Dropout.threshold(rate);
        float factor = 1 / (1 - rate);
        int whole = Lanes.whole(n);
        IntVector counters = IntVector.zero(I).addIndex(1).mul(STRIDE).add(counter);
        FloatVector kept = FloatVector.broadcast(F, factor);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            IntVector h = counters;
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).mul(0x7feb352d);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(0x846ca68b);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).lanewise(VectorOperators.LSHR, 1);
            FloatVector mask = kept.blend(0f, h.compare(VectorOperators.LT, threshold).cast(F));
            store(load(x + 4L * i).mul(mask), y + 4L * i);
            counters = counters.add(STRIDE * Lanes.COUNT);
        }
        for (int i = whole; i < n; i++) {
            Memory.f32(y + 4L * i, Memory.f32(x + 4L * i) * mask(counter + STRIDE * i, threshold, factor));
        }
    }

    private static void gradient(long dx, long dy, int counter, float rate, int n) {
        int threshold = Dropout.threshold(rate);
        float factor = 1 / (1 - rate);
        int whole = Lanes.whole(n);
        IntVector counters = IntVector.zero(I).addIndex(1).mul(STRIDE).add(counter);
        FloatVector kept = FloatVector.broadcast(F, factor);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            IntVector h = counters;
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).mul(0x7feb352d);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(0x846ca68b);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).lanewise(VectorOperators.LSHR, 1);
            FloatVector mask = kept.blend(0f, h.compare(VectorOperators.LT, threshold).cast(F));
            store(load(dy + 4L * i).fma(mask, load(dx + 4L * i)), dx + 4L * i);
            counters = counters.add(STRIDE * Lanes.COUNT);
        }
        for (int i = whole; i < n; i++) {
            Memory.f32(dx + 4L * i, Math.fma(mask(counter + STRIDE * i, threshold, factor), Memory.f32(dy + 4L * i),
                    Memory.f32(dx + 4L * i)));
        }
    }

    private static float mask(int counter, int threshold, float factor) {
        return Dropout.mix(counter) >>> 1 < threshold ? 0 : factor;
    }
}
