package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.SelectiveScan;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [SelectiveScan] on the Vector API, step by step: every state has a decay of its own, so there is no matrix product
/// to turn the scan into. A vector holds one state of as many neighbouring channels as there are lanes; threads take
/// vectors of channels, whose states stay in the first-level cache while the rows pass by. A single row is a [SelectiveScanStep].
public final class VectorSelectiveScan implements SelectiveScan {
    /// Rows that pass by one state at a time.
    private static final int BLOCK = 32;

    /// Bytes of one vector.
    private static final long ROW = 4L * Lanes.COUNT;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
    private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);

    public VectorSelectiveScan(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor state, Segments segments) {
        int across = Math.ceilDiv(x.columns(), Lanes.COUNT);
        int whole = x.columns() / Lanes.COUNT;
        workers.forRange(segments.count() * across, 4, (from, to) -> {
            int next;
            for (int i = from; i < to; i = next) {
                int s = i / across;
                int first = i % across;
                long at = state.address(segments.slots()[s]);
                int end = Math.min(first + to - i, whole);
                if (segments.length(s) == 1 && first < end) {
                    SelectiveScanStep.run(y, x, dt, dtBias, a, b, c, d, at, segments.start(s), first * Lanes.COUNT, end * Lanes.COUNT,
                            scratch.get().address(SelectiveScanStep.bytes((end - first) * Lanes.COUNT)));
                    next = i + end - first;
                } else {
                    channels(y, x, dt, dtBias, a, b, c, d, at, segments.start(s), segments.end(s), first * Lanes.COUNT);
                    next = i + 1;
                }
            }
        });
    }

    /// A vector of channels from `i` on over the rows of a segment.
    ///
    /// @param state address of the segment's state, [N, I]
    private void channels(Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, long state, int from, int to, int i) {
        int inner = x.columns();
        int states = a.rows();
        int count = Math.min(Lanes.COUNT, inner - i);
        long at = 4L * i;
        long h = scratch.get().address((2L * states + 7 * BLOCK) * ROW);
        long rates = h + states * ROW;
        long delta = rates + states * ROW;
        long u = delta + BLOCK * ROW;
        long out = u + BLOCK * ROW;
        long decay = out + BLOCK * ROW;
        Rows.pad(h, state + at, 4L * inner, states, count);
        Rows.pad(rates, a.address() + at, a.rowBytes(), states, count);
        long bias = dtBias.isEmpty() ? 0 : dtBias.get().address() + at;
        long skip = d.isEmpty() ? 0 : d.get().address() + at;
        for (int t = from; t < to; t += BLOCK) {
            int rows = Math.min(BLOCK, to - t);
            timeSteps(delta, dt.address(t) + at, dt.rowBytes(), bias, rows, count);
            inputs(u, out, delta, x.address(t) + at, x.rowBytes(), skip, rows, count);
            int n = 0;
            for (; n + 4 <= states; n += 4) {
                Decays.exp(decay, BLOCK * ROW, delta, rates + n * ROW, rows);
                Decays.exp(decay + 2 * BLOCK * ROW, BLOCK * ROW, delta, rates + (n + 2) * ROW, rows);
                scanFour(h + n * ROW, decay, u, out, b.address(t) + 4L * n, b.rowBytes(), c.address(t) + 4L * n, c.rowBytes(),
                        rows);
            }
            for (; n < states; n++) {
                Decays.exp(decay, delta, rates + n * ROW, rows);
                scanOne(h + n * ROW, decay, u, out, b.address(t) + 4L * n, b.rowBytes(), c.address(t) + 4L * n, c.rowBytes(),
                        rows);
            }
            Rows.unpad(y.address(t) + at, out, y.rowBytes(), rows, count);
        }
        Rows.unpad(state + at, h, 4L * inner, states, count);
    }

    /// δ = softplus(dt + bias).
    static void timeSteps(long delta, long dt, long dtBytes, long bias, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        FloatVector b = bias == 0 ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, bias, ORDER, mask);
        for (int t = 0; t < rows; t++) {
            FloatVector.fromMemorySegment(F, ALL, dt + t * dtBytes, ORDER, mask).add(b).intoMemorySegment(ALL, delta + t * ROW, ORDER);
        }
        Softplus.apply(delta, rows * Lanes.COUNT);
    }

    /// u = δ·x, out = d·x.
    static void inputs(long u, long out, long delta, long x, long xBytes, long skip, int rows, int count) {
        VectorMask<Float> mask = F.indexInRange(0, count);
        FloatVector d = skip == 0 ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, skip, ORDER, mask);
        for (int t = 0; t < rows; t++) {
            FloatVector xt = FloatVector.fromMemorySegment(F, ALL, x + t * xBytes, ORDER, mask);
            FloatVector.fromMemorySegment(F, ALL, delta + t * ROW, ORDER).mul(xt).intoMemorySegment(ALL, u + t * ROW, ORDER);
            xt.mul(d).intoMemorySegment(ALL, out + t * ROW, ORDER);
        }
    }

    /// One state over a block of rows: h ← decay·h + u·b; out += c·h.
    private static void scanOne(long h, long decay, long u, long out, long b, long bBytes, long c, long cBytes, int rows) {
        FloatVector s = FloatVector.fromMemorySegment(F, ALL, h, ORDER);
        for (int t = 0; t < rows; t++) {
            s = FloatVector.fromMemorySegment(F, ALL, decay + t * ROW, ORDER).fma(s, FloatVector.fromMemorySegment(F, ALL, u + t * ROW, ORDER).mul(Memory.f32(b + t * bBytes)));
            FloatVector y = FloatVector.fromMemorySegment(F, ALL, out + t * ROW, ORDER);
            s.fma(FloatVector.broadcast(F, Memory.f32(c + t * cBytes)), y).intoMemorySegment(ALL, out + t * ROW, ORDER);
        }
        s.intoMemorySegment(ALL, h, ORDER);
    }

    /// [#scanOne] for four neighbouring states, whose decays lie one block after the other.
    private static void scanFour(long h, long decay, long u, long out, long b, long bBytes, long c, long cBytes, int rows) {
        FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, h, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, h + ROW, ORDER);
        FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, h + 2 * ROW, ORDER);
        FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, h + 3 * ROW, ORDER);
        for (int t = 0; t < rows; t++) {
            FloatVector ut = FloatVector.fromMemorySegment(F, ALL, u + t * ROW, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(F, ALL, out + t * ROW, ORDER);
            long at = decay + t * ROW;
            long bt = b + t * bBytes;
            long ct = c + t * cBytes;
            s0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER).fma(s0, ut.mul(Memory.f32(bt)));
            s1 = FloatVector.fromMemorySegment(F, ALL, at + BLOCK * ROW, ORDER).fma(s1, ut.mul(Memory.f32(bt + 4)));
            s2 = FloatVector.fromMemorySegment(F, ALL, at + 2 * BLOCK * ROW, ORDER).fma(s2, ut.mul(Memory.f32(bt + 8)));
            s3 = FloatVector.fromMemorySegment(F, ALL, at + 3 * BLOCK * ROW, ORDER).fma(s3, ut.mul(Memory.f32(bt + 12)));
            y = s0.fma(FloatVector.broadcast(F, Memory.f32(ct)), y);
            y = s1.fma(FloatVector.broadcast(F, Memory.f32(ct + 4)), y);
            y = s2.fma(FloatVector.broadcast(F, Memory.f32(ct + 8)), y);
            s3.fma(FloatVector.broadcast(F, Memory.f32(ct + 12)), y).intoMemorySegment(ALL, out + t * ROW, ORDER);
        }
        s0.intoMemorySegment(ALL, h, ORDER);
        s1.intoMemorySegment(ALL, h + ROW, ORDER);
        s2.intoMemorySegment(ALL, h + 2 * ROW, ORDER);
        s3.intoMemorySegment(ALL, h + 3 * ROW, ORDER);
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b,
            Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments) {
        SelectiveScanBackward backward = new SelectiveScanBackward(workers, scratch, gradients, dy, x, dt, dtBias, a, b, c, d);
        for (int s = 0; s < segments.count(); s++) {
            backward.segment(segments.start(s), segments.end(s), initialState.address(segments.slots()[s]), shared.get());
        }
    }
}
