package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.RgLru;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [RgLru] on the Vector API, step by step; a vector holds neighbouring channels, threads take vectors. A block of rows
/// passes through the gates first, then through the recurrence.
public final class VectorRgLru implements RgLru {
    static final int BLOCK = 32;
    private static final long ROW = 4L * Lanes.COUNT;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorRgLru(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda, Tensor state,
            Segments segments) {
        int inner = x.columns();
        int across = Math.ceilDiv(inner, Lanes.COUNT);
        workers.forRange(segments.count() * across, 4, (from, to) -> {
            long decay = scratch.get().address((3 * BLOCK + 2) * ROW);
            long root = decay + BLOCK * ROW;
            long input = root + BLOCK * ROW;
            long h = input + BLOCK * ROW;
            long rate = h + ROW;
            for (int i = from; i < to; i++) {
                int s = i / across;
                long at = ROW * (i % across);
                int count = Math.min(Lanes.COUNT, inner - i % across * Lanes.COUNT);
                long home = state.address(segments.slots()[s]) + at;
                Rows.scaled(h, home, count, 1);
                Rows.scaled(rate, lambda.address() + at, count, 1);
                Softplus.apply(rate, Lanes.COUNT);
                for (int t = segments.start(s); t < segments.end(s); t += BLOCK) {
                    int rows = Math.min(BLOCK, segments.end(s) - t);
                    powers(decay, recurrenceGate.address(t) + at, recurrenceGate.rowBytes(), rows, count);
                    powers(input, inputGate.address(t) + at, inputGate.rowBytes(), rows, count);
                    logDecays(decay, recurrenceGate.address(t) + at, recurrenceGate.rowBytes(), rate, rows, count);
                    inputs(input, inputGate.address(t) + at, inputGate.rowBytes(), x.address(t) + at, x.rowBytes(), rows, count);
                    roots(root, decay, rows);
                    Decays.exp(decay, decay, rows * Lanes.COUNT);
                    boolean first = t == segments.start(s) && segments.positions()[s] == 0;
                    recur(y.address(t) + at, y.rowBytes(), decay, root, input, h, first, rows, count);
                }
                Rows.scale(home, h, count, 1);
            }
        });
    }

    /// e^−|gate|.
    private static void powers(long power, long gate, long gateBytes, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        for (int t = 0; t < rows; t++) {
            FloatVector.fromMemorySegment(F, ALL, gate + t * gateBytes, ORDER, mask).abs().neg()
                    .intoMemorySegment(ALL, power + t * ROW, ORDER);
        }
        Decays.exp(power, power, rows * Lanes.COUNT);
    }

    /// ln a = −8·σ(gate)·rate, from e^−|gate| in its place.
    private static void logDecays(long decay, long gate, long gateBytes, long rate, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        FloatVector scale = FloatVector.fromMemorySegment(F, ALL, rate, ORDER).mul((float) -DECAY_SCALE);
        for (int t = 0; t < rows; t++) {
            FloatVector e = FloatVector.fromMemorySegment(F, ALL, decay + t * ROW, ORDER);
            VectorMask<Float> negative = FloatVector.fromMemorySegment(F, ALL, gate + t * gateBytes, ORDER, mask)
                    .compare(VectorOperators.LT, 0);
            FloatVector.broadcast(F, 1).blend(e, negative).div(e.add(1)).mul(scale).intoMemorySegment(ALL, decay + t * ROW, ORDER);
        }
    }

    /// σ(gate)·x, from e^−|gate| in its place.
    private static void inputs(long input, long gate, long gateBytes, long x, long xBytes, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        for (int t = 0; t < rows; t++) {
            FloatVector e = FloatVector.fromMemorySegment(F, ALL, input + t * ROW, ORDER);
            VectorMask<Float> negative = FloatVector.fromMemorySegment(F, ALL, gate + t * gateBytes, ORDER, mask)
                    .compare(VectorOperators.LT, 0);
            FloatVector.broadcast(F, 1).blend(e, negative).div(e.add(1))
                    .mul(FloatVector.fromMemorySegment(F, ALL, x + t * xBytes, ORDER, mask))
                    .intoMemorySegment(ALL, input + t * ROW, ORDER);
        }
    }

    /// √(1 − a²) of ln a: 1 − a² is −(2^r − 1) with r = 2·ln a/ln 2, which for small r comes from the polynomial of [Decays]
    /// without cancellation, else from a's square.
    static void roots(long root, long logDecay, int rows) {
        for (int t = 0; t < rows; t++) {
            FloatVector.fromMemorySegment(F, ALL, logDecay + t * ROW, ORDER).mul(2).intoMemorySegment(ALL, root + t * ROW, ORDER);
        }
        Decays.exp(root, root, rows * Lanes.COUNT);
        for (int t = 0; t < rows; t++) {
            FloatVector square = FloatVector.fromMemorySegment(F, ALL, root + t * ROW, ORDER);
            FloatVector r = FloatVector.fromMemorySegment(F, ALL, logDecay + t * ROW, ORDER).mul(2 * Decays.LOG2_E);
            FloatVector q = r.fma(FloatVector.broadcast(F, Decays.C6), FloatVector.broadcast(F, Decays.C5));
            q = q.fma(r, FloatVector.broadcast(F, Decays.C4));
            q = q.fma(r, FloatVector.broadcast(F, Decays.C3));
            q = q.fma(r, FloatVector.broadcast(F, Decays.C2));
            q = q.fma(r, FloatVector.broadcast(F, Decays.C1)).mul(r).neg();
            FloatVector z = FloatVector.broadcast(F, 1).sub(square).blend(q, r.compare(VectorOperators.GT, -0.5f));
            z.lanewise(VectorOperators.SQRT).intoMemorySegment(ALL, root + t * ROW, ORDER);
        }
    }

    /// h ← a·h + root·input; at a sequence's first position h ← input.
    static void recur(long y, long yBytes, long decay, long root, long input, long state, boolean first, int rows,
            int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        FloatVector h = FloatVector.fromMemorySegment(F, ALL, state, ORDER);
        for (int t = 0; t < rows; t++) {
            FloatVector in = FloatVector.fromMemorySegment(F, ALL, input + t * ROW, ORDER);
            if (first && t == 0) {
                h = in;
            } else {
                h = FloatVector.fromMemorySegment(F, ALL, decay + t * ROW, ORDER)
                        .fma(h, FloatVector.fromMemorySegment(F, ALL, root + t * ROW, ORDER).mul(in));
            }
            h.intoMemorySegment(ALL, y + t * yBytes, ORDER, mask);
        }
        h.intoMemorySegment(ALL, state, ORDER);
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda,
            Tensor initialState, Segments segments) {
        RgLruBackward backward = new RgLruBackward(gradients, dy, x, recurrenceGate, inputGate, lambda, initialState, segments);
        workers.forRange(Math.ceilDiv(x.columns(), Lanes.COUNT), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                backward.channels(scratch.get(), i * Lanes.COUNT);
            }
        });
    }
}
