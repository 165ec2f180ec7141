package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.SelectiveScan.Gradients;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The backward of [VectorSelectiveScan], one segment at a time. With g the gradient of h[t] from all later rows,
///
/// g ← g + dy·c[n]; dc[n] = Σ_i dy·h; db[n] = Σ_i g·δ·x; q = Σ_n g·b[n]; e = Σ_n g·h[t−1]·decay·a[n];
/// da[n] = Σ_t g·h[t−1]·decay·δ; dδ = q·x + e; dx = q·δ + d·dy; then g ← g·decay.
///
/// Threads take strips of [#STRIP] vectors of channels, run forwards once, which leaves the states between blocks of
/// [#BLOCK] rows, then backwards block by block. What strips add to b and c lies apart until all are done and is then added
/// in order of strips.
final class SelectiveScanBackward {
    private static final int BLOCK = 32;
    private static final int STRIP = 4;
    private static final long ROW = 4L * Lanes.COUNT;
    private static final long COLUMN = BLOCK * ROW;

    private final Workers workers;
    private final ThreadLocal<Scratch> scratch;
    private final Gradients gradients;
    private final Tensor dy;
    private final Tensor x;
    private final Tensor dt;
    private final Optional<Tensor> dtBias;
    private final Tensor a;
    private final Tensor b;
    private final Tensor c;
    private final Optional<Tensor> d;
    private final int states;
    private final int inner;

    SelectiveScanBackward(Workers workers, ThreadLocal<Scratch> scratch, Gradients gradients, Tensor dy, Tensor x, Tensor dt,
            Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c, Optional<Tensor> d) {
        this.workers = workers;
        this.scratch = scratch;
        this.gradients = gradients;
        this.dy = dy;
        this.x = x;
        this.dt = dt;
        this.dtBias = dtBias;
        this.a = a;
        this.b = b;
        this.c = c;
        this.d = d;
        states = a.rows();
        inner = x.columns();
    }

    /// Adds the gradients of rows `from` to `to`, a segment whose state before was [N, I] at `initial`.
    void segment(int from, int to, long initial, Scratch shared) {
        int strips = Math.ceilDiv(inner, STRIP * Lanes.COUNT);
        long share = 4L * (to - from) * states;
        long shares = shared.address(2 * share * strips);
        workers.forRange(strips, 1, (first, last) -> {
            for (int strip = first; strip < last; strip++) {
                new Strip(strip, from, to).run(initial, shares + 2 * share * strip, shares + 2 * share * strip + share);
            }
        });
        workers.forRange(to - from, 8, (first, last) -> {
            for (int t = first; t < last; t++) {
                for (int strip = 0; strip < strips; strip++) {
                    long at = shares + 2 * share * strip + 4L * t * states;
                    Rows.add(gradients.b().address(from + t), at, states, 1);
                    Rows.add(gradients.c().address(from + t), at + share, states, 1);
                }
            }
        });
    }

    /// A strip of channels over a segment, and the memory it works in.
    private final class Strip {
        private final int channel;
        private final int from;
        private final int to;
        private final int vectors;
        private final int blocks;
        private final long delta;
        private final long u;
        private final long in;
        private final long out;
        private final long raw;
        private final long q;
        private final long e;
        private final long rates;
        private final long g;
        private final long da;
        private final long decay;
        private final long history;
        private final long db;
        private final long dc;
        private final long boundaries;

        Strip(int strip, int from, int to) {
            channel = strip * STRIP * Lanes.COUNT;
            this.from = from;
            this.to = to;
            vectors = Math.min(STRIP, Math.ceilDiv(inner - channel, Lanes.COUNT));
            blocks = Math.ceilDiv(to - from, BLOCK);
            delta = scratch.get().address(7 * COLUMN + 3 * STRIP * states * ROW + 3 * states * COLUMN + states * (COLUMN + ROW)
                    + STRIP * (long) blocks * states * ROW);
            u = delta + COLUMN;
            in = u + COLUMN;
            out = in + COLUMN;
            raw = out + COLUMN;
            q = raw + COLUMN;
            e = q + COLUMN;
            rates = e + COLUMN;
            g = rates + STRIP * states * ROW;
            da = g + STRIP * states * ROW;
            decay = da + STRIP * states * ROW;
            db = decay + states * COLUMN;
            dc = db + states * COLUMN;
            history = dc + states * COLUMN;
            boundaries = history + states * (COLUMN + ROW);
        }

        private long at(int v) {
            return 4L * (channel + v * Lanes.COUNT);
        }

        private int count(int v) {
            return Math.min(Lanes.COUNT, inner - channel - v * Lanes.COUNT);
        }

        private long rates(int v) {
            return rates + v * states * ROW;
        }

        private long history(int n) {
            return history + n * (COLUMN + ROW);
        }

        private long boundary(int v, int block) {
            return boundaries + ((long) v * blocks + block) * states * ROW;
        }

        void run(long initial, long bShare, long cShare) {
            for (int v = 0; v < vectors; v++) {
                Rows.pad(rates(v), a.address() + at(v), a.rowBytes(), states, count(v));
                zero(g + v * states * ROW, states);
                zero(da + v * states * ROW, states);
                Rows.pad(boundary(v, 0), initial + at(v), 4L * inner, states, count(v));
                for (int block = 0; block < blocks - 1; block++) {
                    recompute(v, block);
                    for (int n = 0; n < states; n++) {
                        Rows.scaled(boundary(v, block + 1) + n * ROW, history(n) + COLUMN, Lanes.COUNT, 1);
                    }
                }
            }
            for (int block = blocks - 1; block >= 0; block--) {
                zero(db, 2 * states * BLOCK);
                int rows = rows(block);
                for (int v = 0; v < vectors; v++) {
                    recompute(v, block);
                    backwards(v, block);
                }
                for (int n = 0; n < states; n++) {
                    for (int t = 0; t < rows; t++) {
                        long to = 4L * ((block * BLOCK + t) * states + n);
                        sum(db + n * COLUMN + t * ROW, bShare + to);
                        sum(dc + n * COLUMN + t * ROW, cShare + to);
                    }
                }
            }
            for (int v = 0; v < vectors; v++) {
                for (int n = 0; n < states; n++) {
                    Rows.add(gradients.a().address(n) + at(v), da + (v * states + n) * ROW, count(v), 1);
                }
            }
        }

        private int rows(int block) {
            return Math.min(BLOCK, to - from - block * BLOCK);
        }

        /// Time steps, decays and all states of a block.
        private void recompute(int v, int block) {
            int t = from + block * BLOCK;
            int rows = rows(block);
            long bias = dtBias.isEmpty() ? 0 : dtBias.get().address() + at(v);
            VectorSelectiveScan.timeSteps(delta, dt.address(t) + at(v), dt.rowBytes(), bias, rows, count(v));
            VectorSelectiveScan.inputs(u, out, delta, x.address(t) + at(v), x.rowBytes(), 0, rows, count(v));
            for (int n = 0; n < states; n++) {
                Rows.scaled(history(n), boundary(v, block) + n * ROW, Lanes.COUNT, 1);
                Decays.exp(decay + n * COLUMN, delta, rates(v) + n * ROW, rows);
                advance(history(n), decay + n * COLUMN, u, b.address(t) + 4L * n, b.rowBytes(), rows);
            }
        }

        private void backwards(int v, int block) {
            int t = from + block * BLOCK;
            int rows = rows(block);
            int count = count(v);
            long bias = dtBias.isEmpty() ? 0 : dtBias.get().address() + at(v);
            for (int i = 0; i < rows; i++) {
                Rows.scaled(in + i * ROW, x.address(t + i) + at(v), count, 1);
                Rows.scaled(out + i * ROW, dy.address(t + i) + at(v), count, 1);
            }
            zero(q, 2 * BLOCK);
            for (int n = 0; n < states; n++) {
                long state = (v * states + n) * ROW;
                back(g + state, da + state, rates + state, history(n), decay + n * COLUMN, delta, u, out, q, e, db + n * COLUMN,
                        dc + n * COLUMN, b.address(t) + 4L * n, b.rowBytes(), c.address(t) + 4L * n, c.rowBytes(), rows);
            }
            inputGradients(v, t, rows, count, bias);
        }

        /// dx, and through the time steps the gradients of dt and its bias; the gradient of d.
        private void inputGradients(int v, int t, int rows, int count, long bias) {
            for (int i = 0; i < rows; i++) {
                long row = i * ROW;
                if (bias == 0) {
                    Rows.scaled(raw + row, dt.address(t + i) + at(v), count, 1);
                } else {
                    Rows.scaled(raw + row, bias, count, 1);
                    Rows.add(raw + row, dt.address(t + i) + at(v), count, 1);
                }
                long dx = gradients.x().address(t + i) + at(v);
                Rows.addProduct(dx, q + row, delta + row, count);
                Rows.addProduct(e + row, q + row, in + row, count);
                if (d.isPresent()) {
                    Rows.addProduct(dx, out + row, d.get().address() + at(v), count);
                    gradients.d().ifPresent(gradient -> Rows.addProduct(gradient.address() + at(v), in + row, out + row, count));
                }
            }
            sigmoid(raw, u, rows);
            for (int i = 0; i < rows; i++) {
                long row = i * ROW;
                Rows.addProduct(gradients.dt().address(t + i) + at(v), e + row, u + row, count);
                gradients.dtBias().ifPresent(gradient -> Rows.addProduct(gradient.address() + at(v), e + row, u + row, count));
            }
        }
    }

    private static void zero(long address, int vectors) {
        Memory.ALL.asSlice(address, vectors * ROW).fill((byte) 0);
    }

    private static void sum(long vector, long to) {
        Memory.f32(to, Lanes.sum(FloatVector.fromMemorySegment(F, ALL, vector, ORDER)));
    }

    /// h[t+1] = decay[t]·h[t] + u[t]·b[t].
    private static void advance(long history, long decay, long u, long b, long bBytes, int rows) {
        FloatVector h = FloatVector.fromMemorySegment(F, ALL, history, ORDER);
        for (int t = 0; t < rows; t++) {
            FloatVector in = FloatVector.fromMemorySegment(F, ALL, u + t * ROW, ORDER).mul(Memory.f32(b + t * bBytes));
            h = FloatVector.fromMemorySegment(F, ALL, decay + t * ROW, ORDER).fma(h, in);
            h.intoMemorySegment(ALL, history + (t + 1) * ROW, ORDER);
        }
    }

    /// One state of one vector of channels over a block, from its last row to its first.
    private static void back(long gradient, long da, long rate, long history, long decay, long delta, long u, long out, long q,
            long e, long db, long dc, long b, long bBytes, long c, long cBytes, int rows) {
        FloatVector g = FloatVector.fromMemorySegment(F, ALL, gradient, ORDER);
        FloatVector rateGradient = FloatVector.fromMemorySegment(F, ALL, da, ORDER);
        FloatVector a = FloatVector.fromMemorySegment(F, ALL, rate, ORDER);
        for (int t = rows - 1; t >= 0; t--) {
            long row = t * ROW;
            FloatVector o = FloatVector.fromMemorySegment(F, ALL, out + row, ORDER);
            g = o.fma(FloatVector.broadcast(F, Memory.f32(c + t * cBytes)), g);
            FloatVector after = FloatVector.fromMemorySegment(F, ALL, history + row + ROW, ORDER);
            o.fma(after, FloatVector.fromMemorySegment(F, ALL, dc + row, ORDER)).intoMemorySegment(ALL, dc + row, ORDER);
            FloatVector in = FloatVector.fromMemorySegment(F, ALL, u + row, ORDER);
            g.fma(in, FloatVector.fromMemorySegment(F, ALL, db + row, ORDER)).intoMemorySegment(ALL, db + row, ORDER);
            g.fma(FloatVector.broadcast(F, Memory.f32(b + t * bBytes)), FloatVector.fromMemorySegment(F, ALL, q + row, ORDER))
                    .intoMemorySegment(ALL, q + row, ORDER);
            g = g.mul(FloatVector.fromMemorySegment(F, ALL, decay + row, ORDER));
            FloatVector dLog = g.mul(FloatVector.fromMemorySegment(F, ALL, history + row, ORDER));
            dLog.fma(a, FloatVector.fromMemorySegment(F, ALL, e + row, ORDER)).intoMemorySegment(ALL, e + row, ORDER);
            rateGradient = dLog.fma(FloatVector.fromMemorySegment(F, ALL, delta + row, ORDER), rateGradient);
        }
        g.intoMemorySegment(ALL, gradient, ORDER);
        rateGradient.intoMemorySegment(ALL, da, ORDER);
    }

    /// σ(raw), a vector a row.
    private static void sigmoid(long raw, long to, int rows) {
        for (int t = 0; t < rows; t++) {
            FloatVector.fromMemorySegment(F, ALL, raw + t * ROW, ORDER).abs().neg().intoMemorySegment(ALL, to + t * ROW, ORDER);
        }
        Decays.exp(to, to, rows * Lanes.COUNT);
        for (int t = 0; t < rows; t++) {
            FloatVector power = FloatVector.fromMemorySegment(F, ALL, to + t * ROW, ORDER);
            VectorMask<Float> negative = FloatVector.fromMemorySegment(F, ALL, raw + t * ROW, ORDER).compare(VectorOperators.LT, 0);
            FloatVector.broadcast(F, 1).blend(power, negative).div(power.add(1)).intoMemorySegment(ALL, to + t * ROW, ORDER);
        }
    }
}
