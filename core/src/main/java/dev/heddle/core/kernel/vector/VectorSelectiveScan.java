package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

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
/// vectors of channels, whose states stay in the first-level cache while the rows pass by.
public final class VectorSelectiveScan implements SelectiveScan {
    /// Rows that pass by one state at a time.
    private static final int BLOCK = 32;

    /// Bytes of one vector.
    private static final long ROW = 4L * Lanes.COUNT;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    public VectorSelectiveScan(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void forward(Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor state, Segments segments) {
        int across = Math.ceilDiv(x.columns(), Lanes.COUNT);
        workers.forRange(segments.count() * across, 4, (from, to) -> {
            for (int i = from; i < to; i++) {
                int s = i / across;
                channels(y, x, dt, dtBias, a, b, c, d, state.address(segments.slots()[s]), segments.start(s), segments.end(s),
                        i % across * Lanes.COUNT);
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
        long h = scratch.get().address((2L * states + 3 * BLOCK) * ROW);
        long rates = h + states * ROW;
        long delta = rates + states * ROW;
        long u = delta + BLOCK * ROW;
        long out = u + BLOCK * ROW;
        Rows.pad(h, state + at, 4L * inner, states, count);
        Rows.pad(rates, a.address() + at, a.rowBytes(), states, count);
        long bias = dtBias.isEmpty() ? 0 : dtBias.get().address() + at;
        long skip = d.isEmpty() ? 0 : d.get().address() + at;
        for (int t = from; t < to; t += BLOCK) {
            int rows = Math.min(BLOCK, to - t);
            inputs(delta, u, out, x.address(t) + at, x.rowBytes(), dt.address(t) + at, dt.rowBytes(), bias, skip, rows, count);
            int n = 0;
            for (; n + 4 <= states; n += 4) {
                scanFour(h + n * ROW, rates + n * ROW, delta, u, out, b.address(t) + 4L * n, b.rowBytes(), c.address(t) + 4L * n,
                        c.rowBytes(), rows);
            }
            for (; n < states; n++) {
                scanOne(h + n * ROW, rates + n * ROW, delta, u, out, b.address(t) + 4L * n, b.rowBytes(), c.address(t) + 4L * n,
                        c.rowBytes(), rows);
            }
            Rows.unpad(y.address(t) + at, out, y.rowBytes(), rows, count);
        }
        Rows.unpad(state + at, h, 4L * inner, states, count);
    }

    /// δ = softplus(dt + bias), u = δ·x, out = d·x.
    private static void inputs(long delta, long u, long out, long x, long xBytes, long dt, long dtBytes, long bias, long skip,
            int rows, int count) {
        VectorMask<Float> mask = Lanes.first(count);
        FloatVector b = bias == 0 ? Lanes.zero() : load(bias, mask);
        FloatVector d = skip == 0 ? Lanes.zero() : load(skip, mask);
        for (int t = 0; t < rows; t++) {
            FloatVector xt = load(x + t * xBytes, mask);
            FloatVector step = VectorMath.softplus(load(dt + t * dtBytes, mask).add(b));
            store(step, delta + t * ROW);
            store(step.mul(xt), u + t * ROW);
            store(xt.mul(d), out + t * ROW);
        }
    }

    /// One state over a block of rows: h ← exp(δ·a)·h + u·b; out += c·h.
    private static void scanOne(long h, long rates, long delta, long u, long out, long b, long bBytes, long c, long cBytes,
            int rows) {
        FloatVector a = load(rates);
        FloatVector s = load(h);
        for (int t = 0; t < rows; t++) {
            FloatVector bu = load(u + t * ROW).mul(Memory.f32(b + t * bBytes));
            s = Decays.exp(load(delta + t * ROW).mul(a)).fma(s, bu);
            store(s.fma(Lanes.of(Memory.f32(c + t * cBytes)), load(out + t * ROW)), out + t * ROW);
        }
        store(s, h);
    }

    /// [#scanOne] for four neighbouring states.
    private static void scanFour(long h, long rates, long delta, long u, long out, long b, long bBytes, long c, long cBytes,
            int rows) {
        FloatVector a0 = load(rates);
        FloatVector a1 = load(rates + ROW);
        FloatVector a2 = load(rates + 2 * ROW);
        FloatVector a3 = load(rates + 3 * ROW);
        FloatVector s0 = load(h);
        FloatVector s1 = load(h + ROW);
        FloatVector s2 = load(h + 2 * ROW);
        FloatVector s3 = load(h + 3 * ROW);
        for (int t = 0; t < rows; t++) {
            FloatVector step = load(delta + t * ROW);
            FloatVector ut = load(u + t * ROW);
            FloatVector y = load(out + t * ROW);
            long bt = b + t * bBytes;
            long ct = c + t * cBytes;
            s0 = Decays.exp(step.mul(a0)).fma(s0, ut.mul(Memory.f32(bt)));
            y = s0.fma(Lanes.of(Memory.f32(ct)), y);
            s1 = Decays.exp(step.mul(a1)).fma(s1, ut.mul(Memory.f32(bt + 4)));
            y = s1.fma(Lanes.of(Memory.f32(ct + 4)), y);
            s2 = Decays.exp(step.mul(a2)).fma(s2, ut.mul(Memory.f32(bt + 8)));
            y = s2.fma(Lanes.of(Memory.f32(ct + 8)), y);
            s3 = Decays.exp(step.mul(a3)).fma(s3, ut.mul(Memory.f32(bt + 12)));
            y = s3.fma(Lanes.of(Memory.f32(ct + 12)), y);
            store(y, out + t * ROW);
        }
        store(s0, h);
        store(s1, h + ROW);
        store(s2, h + 2 * ROW);
        store(s3, h + 3 * ROW);
    }

    @Override
    public void backward(Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b,
            Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments) {
        new dev.heddle.core.kernel.plain.PlainSelectiveScan().backward(gradients, dy, x, dt, dtBias, a, b, c, d, initialState,
                segments);
    }
}
