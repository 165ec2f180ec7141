package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual.Gradients;
import dev.heddle.core.kernel.StateSpaceDual.Shape;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The backward of [VectorStateSpaceDual] in blocks. With the names of [DecayBlock], D = dS after the block, w[s] = L[n,s],
/// A[t] = α[0]·…·α[t], Q[t,s] = dy[t]·u[s] and E = L∘Q:
///
/// du[s] = Σ_t M[t,s]·dy[t] + w[s]·(b[s]·D);
/// dc[t] = A[t]·(S·dy[t]) + Σ_s E[t,s]·b[s]; db[s] = Σ_t E[t,s]·c[t] + w[s]·(D·u[s]);
/// dS = A[n]·D + Σ_t A[t]·c[t]⊗dy[t].
///
/// The gradient of ln α[r] is the sum of all terms of the loss that pass from before row r to row r or later: Z[t,s] =
/// E[t,s]·(c[t]·b[s]) from row s to row t; A[t]·c[t]·(S·dy[t]) from S; w[s]·(b[s]·D)·u[s] into D; A[n]·⟨S,D⟩ from S into D.
/// All are sums of such terms, without differences.
///
/// A segment runs forwards once, which leaves the states between chunks of [#CHUNK] blocks, then backwards chunk by chunk.
/// Threads take heads; the gradients of b and c that the heads of a group share lie apart until a chunk is done and are then
/// added in order of heads.
final class StateSpaceDualBackward {
    /// Blocks of a chunk.
    private static final int CHUNK = 8;

    private final Workers workers;
    private final Shape shape;
    private final Gradients gradients;
    private final Tensor dy;
    private final Tensor x;
    private final TimeSteps steps;
    private final Tensor b;
    private final Tensor c;
    private final Optional<Tensor> d;
    private final Blocks blocks;
    private final ThreadLocal<Scratch> scratch;
    private final int width;
    private final int states;
    private final int padded;
    private final int paddedStates;

    StateSpaceDualBackward(Workers workers, ThreadLocal<Scratch> scratch, Shape shape, Gradients gradients, Tensor dy, Tensor x,
            TimeSteps steps, Tensor b, Tensor c, Optional<Tensor> d, Segments segments) {
        this.workers = workers;
        this.scratch = scratch;
        this.shape = shape;
        this.gradients = gradients;
        this.dy = dy;
        this.x = x;
        this.steps = steps;
        this.b = b;
        this.c = c;
        this.d = d;
        blocks = Blocks.of(segments, shape.chunk(), Decays.BLOCK, 1);
        width = shape.headDim();
        states = shape.state();
        padded = Rows.padded(width);
        paddedStates = Rows.padded(states);
    }

    private long row() {
        return 4L * padded;
    }

    private long stateRow() {
        return 4L * paddedStates;
    }

    /// Bytes of Sᵀ, [P, N] with rows padded.
    private long transposedBytes() {
        return stateRow() * width;
    }

    /// Bytes of D, [N, P] with rows padded.
    private long stateBytes() {
        return row() * states;
    }

    /// Bytes of the gradients of b, or of c, that one head leaves in a chunk.
    private long shareBytes() {
        return stateRow() * CHUNK * Decays.BLOCK;
    }

    /// Adds the gradients of one segment.
    ///
    /// @param initial address of the segment's state before the forward, [H, N, P]
    void segment(int segment, long initial, Scratch shared) {
        int first = blocks.first()[segment];
        int last = blocks.first()[segment + 1];
        int chunks = Math.ceilDiv(last - first, CHUNK);
        int heads = shape.heads();
        long boundaries = shared.address(heads * (chunks * transposedBytes() + stateBytes() + transposedBytes() + 2 * shareBytes()));
        long after = boundaries + heads * chunks * transposedBytes();
        long afterTransposed = after + heads * stateBytes();
        long shares = afterTransposed + heads * transposedBytes();
        workers.forRange(heads, 1, (from, to) -> {
            for (int head = from; head < to; head++) {
                forwards(head, first, last, initial + 4L * head * states * width, boundaries + head * chunks * transposedBytes());
                Memory.ALL.asSlice(after + head * stateBytes(), stateBytes()).fill((byte) 0);
                Memory.ALL.asSlice(afterTransposed + head * transposedBytes(), transposedBytes()).fill((byte) 0);
            }
        });
        for (int chunk = chunks - 1; chunk >= 0; chunk--) {
            int start = first + chunk * CHUNK;
            int end = Math.min(last, start + CHUNK);
            int at = chunk;
            workers.forRange(heads, 1, (from, to) -> {
                for (int head = from; head < to; head++) {
                    long share = shares + head * 2 * shareBytes();
                    backwards(head, start, end, boundaries + (head * (long) chunks + at) * transposedBytes(),
                            after + head * stateBytes(), afterTransposed + head * transposedBytes(), share, share + shareBytes());
                }
            });
            int rows = blocks.to()[end - 1] - blocks.from()[start];
            workers.forRange(rows, 8, (from, to) -> {
                for (int t = from; t < to; t++) {
                    for (int head = 0; head < heads; head++) {
                        long share = shares + head * 2 * shareBytes() + t * stateRow();
                        long column = 4L * group(head) * states;
                        Rows.add(gradients.b().address(blocks.from()[start] + t) + column, share, states, 1);
                        Rows.add(gradients.c().address(blocks.from()[start] + t) + column, share + shareBytes(), states, 1);
                    }
                }
            });
        }
    }

    private int group(int head) {
        return head / (shape.heads() / shape.groups());
    }

    /// Leaves Sᵀ before each chunk.
    private void forwards(int head, int first, int last, long initial, long boundaries) {
        BackwardBlock block = new BackwardBlock(scratch.get(), transposedBytes(), padded, paddedStates);
        long s = block.states();
        transpose(s, initial);
        for (int i = first; i < last; i++) {
            if ((i - first) % CHUNK == 0) {
                copy(boundaries + (i - first) / CHUNK * transposedBytes(), s);
            }
            load(block, head, i, false);
            block.advance(s, width, blocks.rows(i));
        }
    }

    private void transpose(long to, long from) {
        for (int p = 0; p < width; p++) {
            for (int n = 0; n < paddedStates; n++) {
                Memory.f32(to + p * stateRow() + 4L * n, n < states ? Memory.f32(from + 4L * (n * width + p)) : 0);
            }
        }
    }

    private void copy(long to, long from) {
        Memory.ALL.asSlice(to, transposedBytes()).copyFrom(Memory.ALL.asSlice(from, transposedBytes()));
    }

    /// Reads a block's rows: time steps and decays, u, b, and with `all` c and dy.
    private void load(BackwardBlock block, int head, int i, boolean all) {
        int from = blocks.from()[i];
        int rows = blocks.rows(i);
        long column = 4L * group(head) * states;
        steps.compute(head, from, from + rows, block.times());
        Decays.compute(block.times() + Decays.ROW, rows, block.start(), block.between());
        for (int t = 0; t < rows; t++) {
            Rows.scaled(block.u(t), x.address(from + t) + 4L * head * width, width, block.delta(t));
            Rows.scaled(block.b(t), b.address(from + t) + column, states, 1);
            if (all) {
                Rows.scaled(block.c(t), c.address(from + t) + column, states, 1);
                Rows.scaled(block.dy(t), dy.address(from + t) + 4L * head * width, width, 1);
            }
        }
    }

    /// One chunk of a head, from its last block to its first.
    ///
    /// @param before Sᵀ before the chunk
    /// @param after  D; replaced by the gradient of the state before the chunk
    /// @param db     gradients of b, [rows, N] with rows padded
    private void backwards(int head, int start, int end, long before, long after, long afterTransposed, long db, long dc) {
        BackwardBlock block = new BackwardBlock(scratch.get(), transposedBytes() * CHUNK, padded, paddedStates);
        copy(block.states(), before);
        for (int i = start; i < end - 1; i++) {
            long next = block.states() + (i - start + 1) * transposedBytes();
            copy(next, next - transposedBytes());
            load(block, head, i, false);
            block.advance(next, width, blocks.rows(i));
        }
        double dRate = 0;
        double dBias = 0;
        for (int i = end - 1; i >= start; i--) {
            load(block, head, i, true);
            int from = blocks.from()[i];
            int rows = blocks.rows(i);
            long at = (from - blocks.from()[start]) * stateRow();
            block.run(block.states() + (i - start) * transposedBytes(), after, afterTransposed, width, states, rows, db + at, dc + at);
            for (int t = 0; t < rows; t++) {
                float dLog = block.dLogDecay(t);
                dRate += (double) block.delta(t) * dLog;
                long in = x.address(from + t) + 4L * head * width;
                long out = dy.address(from + t) + 4L * head * width;
                long dx = gradients.x().address(from + t) + 4L * head * width;
                double dDelta = (double) steps.a().get(head) * dLog + Rows.dot(in, block.du(t), width);
                Rows.add(dx, block.du(t), width, block.delta(t));
                skip(head, dx, in, out);
                dBias += timeStep(head, from + t, dDelta);
            }
        }
        plus(gradients.a(), head, dRate);
        double bias = dBias;
        gradients.dtBias().ifPresent(g -> plus(g, head, bias));
    }

    private static void plus(Tensor x, long index, double value) {
        x.set(index, (float) (x.get(index) + value));
    }

    /// The gradients of d·x.
    private void skip(int head, long dx, long in, long out) {
        if (d.isEmpty()) {
            return;
        }
        Tensor weight = d.get();
        boolean perHead = weight.elements() == shape.heads();
        if (perHead) {
            Rows.add(dx, out, width, weight.get(head));
            gradients.d().ifPresent(g -> plus(g, head, Rows.dot(in, out, width)));
        } else {
            Rows.addProduct(dx, out, weight.address() + 4L * head * width, width);
            gradients.d().ifPresent(g -> Rows.addProduct(g.address() + 4L * head * width, in, out, width));
        }
    }

    /// Passes the gradient of a time step on to dt and returns it as it is before the bias; zero where a bound holds.
    private double timeStep(int head, int t, double dDelta) {
        double raw = steps.raw(head, t);
        double free = raw > 20 ? raw : Math.log1p(Math.exp(raw));
        if (free < shape.dtMin() || free > shape.dtMax()) {
            return 0;
        }
        double dRaw = dDelta / (1 + Math.exp(-raw));
        long address = gradients.dt().address(t) + 4L * head;
        Memory.f32(address, (float) (Memory.f32(address) + dRaw));
        return dRaw;
    }
}
