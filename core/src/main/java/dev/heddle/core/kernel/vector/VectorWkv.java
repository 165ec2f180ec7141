package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.Wkv;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [Wkv] on the Vector API, step by step; a vector holds neighbouring channels, threads take vectors.
///
/// Of the two exponentials of a sum one is always e⁰, so each row needs two: e^−|p − (u+k)| and e^−|p + w − k|. A block of
/// rows first runs through the exponents p, which need no sums, then takes all exponentials, then runs through the sums.
public final class VectorWkv implements Wkv {
    static final int BLOCK = 32;
    private static final long ROW = 4L * Lanes.COUNT;

    /// Least argument of an exponential: e^x is nothing beside 1 long before.
    private static final float LEAST = -120;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorWkv(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor y, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums, Tensor exponent,
            Segments segments) {
        int inner = k.columns();
        int across = Math.ceilDiv(inner, Lanes.COUNT);
        workers.forRange(segments.count() * across, 4, (from, to) -> {
            long now = scratch.get().address((2 * BLOCK + 3) * ROW);
            long next = now + BLOCK * ROW;
            long p = next + BLOCK * ROW;
            for (int i = from; i < to; i++) {
                int s = i / across;
                int slot = segments.slots()[s];
                long at = 4L * Lanes.COUNT * (i % across);
                int count = Math.min(Lanes.COUNT, inner - i % across * Lanes.COUNT);
                long w = logDecay.address() + at;
                long u = bonus.address() + at;
                Rows.scaled(p, exponent.address(slot) + at, count, 1);
                Rows.scaled(p + ROW, sums.address(slot) + at, count, 1);
                Rows.scaled(p + 2 * ROW, sums.address(slot) + 4L * inner + at, count, 1);
                for (int t = segments.start(s); t < segments.end(s); t += BLOCK) {
                    int rows = Math.min(BLOCK, segments.end(s) - t);
                    exponents(now, next, p, k.address(t) + at, k.rowBytes(), w, u, rows, count);
                    Decays.exp(now, now, rows * Lanes.COUNT);
                    Decays.exp(next, next, rows * Lanes.COUNT);
                    sums(y.address(t) + at, y.rowBytes(), now, next, p, k.address(t) + at, k.rowBytes(), v.address(t) + at,
                            v.rowBytes(), w, u, rows, count);
                }
                Rows.scale(exponent.address(slot) + at, p, count, 1);
                Rows.scale(sums.address(slot) + at, p + ROW, count, 1);
                Rows.scale(sums.address(slot) + 4L * inner + at, p + 2 * ROW, count, 1);
            }
        });
    }

    /// −|p − (u+k)| and −|p + w − k| of every row.
    static void exponents(long now, long next, long state, long k, long kBytes, long w, long u, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        FloatVector decay = FloatVector.fromMemorySegment(F, ALL, w, ORDER, mask);
        FloatVector bonus = FloatVector.fromMemorySegment(F, ALL, u, ORDER, mask);
        FloatVector p = FloatVector.fromMemorySegment(F, ALL, state, ORDER);
        for (int t = 0; t < rows; t++) {
            FloatVector key = FloatVector.fromMemorySegment(F, ALL, k + t * kBytes, ORDER, mask);
            FloatVector old = p.add(decay);
            p.sub(bonus.add(key)).abs().neg().max(LEAST).intoMemorySegment(ALL, now + t * ROW, ORDER);
            old.sub(key).abs().neg().max(LEAST).intoMemorySegment(ALL, next + t * ROW, ORDER);
            p = old.max(key);
        }
    }

    /// The means and the sums, from the exponentials of what [#exponents] wrote.
    private static void sums(long y, long yBytes, long now, long next, long state, long k, long kBytes, long v, long vBytes,
            long w, long u, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        FloatVector decay = FloatVector.fromMemorySegment(F, ALL, w, ORDER, mask);
        FloatVector bonus = FloatVector.fromMemorySegment(F, ALL, u, ORDER, mask);
        FloatVector p = FloatVector.fromMemorySegment(F, ALL, state, ORDER);
        FloatVector a = FloatVector.fromMemorySegment(F, ALL, state + ROW, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(F, ALL, state + 2 * ROW, ORDER);
        FloatVector one = FloatVector.broadcast(F, 1);
        for (int t = 0; t < rows; t++) {
            FloatVector key = FloatVector.fromMemorySegment(F, ALL, k + t * kBytes, ORDER, mask);
            FloatVector value = FloatVector.fromMemorySegment(F, ALL, v + t * vBytes, ORDER, mask);
            FloatVector power = FloatVector.fromMemorySegment(F, ALL, now + t * ROW, ORDER);
            VectorMask<Float> oldLarger = p.compare(VectorOperators.GE, bonus.add(key));
            FloatVector keep = power.blend(one, oldLarger);
            FloatVector add = one.blend(power, oldLarger);
            keep.fma(a, add.mul(value)).div(keep.fma(b, add)).intoMemorySegment(ALL, y + t * yBytes, ORDER, mask);
            power = FloatVector.fromMemorySegment(F, ALL, next + t * ROW, ORDER);
            FloatVector old = p.add(decay);
            oldLarger = old.compare(VectorOperators.GE, key);
            keep = power.blend(one, oldLarger);
            add = one.blend(power, oldLarger);
            a = keep.fma(a, add.mul(value));
            b = keep.fma(b, add);
            p = old.max(key);
        }
        p.intoMemorySegment(ALL, state, ORDER);
        a.intoMemorySegment(ALL, state + ROW, ORDER);
        b.intoMemorySegment(ALL, state + 2 * ROW, ORDER);
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums,
            Tensor exponent, Segments segments) {
        WkvBackward backward = new WkvBackward(gradients, dy, k, v, logDecay, bonus, sums, exponent, segments);
        workers.forRange(Math.ceilDiv(k.columns(), Lanes.COUNT), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.channels(scratch.get(), i * Lanes.COUNT);
            }
        });
    }
}
