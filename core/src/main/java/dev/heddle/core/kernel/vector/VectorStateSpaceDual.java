package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [StateSpaceDual] on the Vector API.
///
/// A segment of one row passes once over each head's state. A longer one runs in blocks of up to [Decays#BLOCK] rows, as
/// written at [DecayBlock] with u[t] = δ[t]·x[t] and α[t] = exp(δ[t]·a). Products c·b are computed once for each group;
/// then threads take heads.
public final class VectorStateSpaceDual implements StateSpaceDual {
    private final Workers workers;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
    private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);

    public VectorStateSpaceDual(Workers workers) {
        this.workers = workers;
    }

    /// The arguments of a forward, and what its pieces share.
    ///
    /// @param scores c·b, [blocks, groups, BLOCK, BLOCK]
    private record Call(Shape shape, Tensor y, Tensor x, TimeSteps steps, Tensor b, Tensor c, Optional<Tensor> d, Tensor state,
            Segments segments, Blocks blocks, long scores) {
        long scores(int block, int group) {
            return scores + Decays.ROW * Decays.BLOCK * ((long) block * shape.groups() + group);
        }

        int group(int head) {
            return head / (shape.heads() / shape.groups());
        }

        /// Element 0 of the head in row `t`.
        long x(int t, int head) {
            return x.address(t) + 4L * head * shape.headDim();
        }

        long y(int t, int head) {
            return y.address(t) + 4L * head * shape.headDim();
        }

        long b(int t, int group) {
            return b.address(t) + 4L * group * shape.state();
        }

        long c(int t, int group) {
            return c.address(t) + 4L * group * shape.state();
        }

        long state(int segment, int head) {
            return state.address(segments.slots()[segment]) + 4L * head * shape.state() * shape.headDim();
        }
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a, Tensor b, Tensor c,
            Optional<Tensor> d, Tensor state, Segments segments) {
        Blocks blocks = Blocks.of(segments, shape.chunk(), Decays.BLOCK);
        int products = blocks.count() * shape.groups();
        Call call = new Call(shape, y, x, new TimeSteps(shape, dt, dtBias, a), b, c, d, state, segments, blocks,
                shared.get().address(Decays.ROW * Decays.BLOCK * products));
        workers.forRange(products, 1, (from, to) -> {
            long sums = scratch.get().address(DecayBlock.SUMS_BYTES);
            for (int i = from; i < to; i++) {
                int block = i / shape.groups();
                int group = i % shape.groups();
                DecayBlock.scores(call.scores(block, group), call.c(blocks.from()[block], group), c.rowBytes(),
                        call.b(blocks.from()[block], group), b.rowBytes(), blocks.rows(block), shape.state(), sums);
            }
        });
        workers.forRange(segments.count() * shape.heads(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                int segment = i / shape.heads();
                int head = i % shape.heads();
                if (segments.length(segment) == 1) {
                    step(call, segment, head);
                } else if (segments.length(segment) > 1) {
                    segment(call, segment, head);
                }
            }
        });
    }

    /// One row of one head: S ← α·S + b⊗(δ·x), y = c·S + d·x, in one pass over S.
    private void step(Call call, int segment, int head) {
        int width = call.shape.headDim();
        int states = call.shape.state();
        int t = call.segments.start(segment);
        long times = scratch.get().address(TimeSteps.BYTES);
        call.steps.compute(head, t, t + 1, times);
        float delta = Memory.f32(times);
        float decay = Memory.f32(times + Decays.ROW);
        long s = call.state(segment, head);
        long x = call.x(t, head);
        long y = call.y(t, head);
        long b = call.b(t, call.group(head));
        long c = call.c(t, call.group(head));
        int j = 0;
        for (; j + 4 * Lanes.COUNT <= width; j += 4 * Lanes.COUNT) {
            stepFour(s + 4L * j, 4L * width, states, x + 4L * j, y + 4L * j, b, c, delta, decay);
        }
        for (; j < width; j += Lanes.COUNT) {
            stepOne(s + 4L * j, 4L * width, states, x + 4L * j, y + 4L * j, b, c, delta, decay, F.indexInRange(0, width - j));
        }
        skip(call, y, y, x, head);
    }

    private static void stepFour(long s, long row, int states, long x, long y, long b, long c, float delta, float decay) {
        long next = 4L * Lanes.COUNT;
        FloatVector u0 = FloatVector.fromMemorySegment(F, ALL, x, ORDER).mul(delta);
        FloatVector u1 = FloatVector.fromMemorySegment(F, ALL, x + next, ORDER).mul(delta);
        FloatVector u2 = FloatVector.fromMemorySegment(F, ALL, x + 2 * next, ORDER).mul(delta);
        FloatVector u3 = FloatVector.fromMemorySegment(F, ALL, x + 3 * next, ORDER).mul(delta);
        FloatVector y0 = FloatVector.zero(F);
        FloatVector y1 = FloatVector.zero(F);
        FloatVector y2 = FloatVector.zero(F);
        FloatVector y3 = FloatVector.zero(F);
        FloatVector keep = FloatVector.broadcast(F, decay);
        for (int n = 0; n < states; n++) {
            long at = s + n * row;
            FloatVector bn = FloatVector.broadcast(F, Memory.f32(b + 4L * n));
            FloatVector cn = FloatVector.broadcast(F, Memory.f32(c + 4L * n));
            FloatVector s0 = u0.fma(bn, FloatVector.fromMemorySegment(F, ALL, at, ORDER).mul(keep));
            FloatVector s1 = u1.fma(bn, FloatVector.fromMemorySegment(F, ALL, at + next, ORDER).mul(keep));
            FloatVector s2 = u2.fma(bn, FloatVector.fromMemorySegment(F, ALL, at + 2 * next, ORDER).mul(keep));
            FloatVector s3 = u3.fma(bn, FloatVector.fromMemorySegment(F, ALL, at + 3 * next, ORDER).mul(keep));
            s0.intoMemorySegment(ALL, at, ORDER);
            s1.intoMemorySegment(ALL, at + next, ORDER);
            s2.intoMemorySegment(ALL, at + 2 * next, ORDER);
            s3.intoMemorySegment(ALL, at + 3 * next, ORDER);
            y0 = s0.fma(cn, y0);
            y1 = s1.fma(cn, y1);
            y2 = s2.fma(cn, y2);
            y3 = s3.fma(cn, y3);
        }
        y0.intoMemorySegment(ALL, y, ORDER);
        y1.intoMemorySegment(ALL, y + next, ORDER);
        y2.intoMemorySegment(ALL, y + 2 * next, ORDER);
        y3.intoMemorySegment(ALL, y + 3 * next, ORDER);
    }

    private static void stepOne(long s, long row, int states, long x, long y, long b, long c, float delta, float decay,
            VectorMask<Float> mask) {
        FloatVector u = FloatVector.fromMemorySegment(F, ALL, x, ORDER, mask).mul(delta);
        FloatVector out = FloatVector.zero(F);
        for (int n = 0; n < states; n++) {
            long at = s + n * row;
            FloatVector old = FloatVector.fromMemorySegment(F, ALL, at, ORDER, mask).mul(decay);
            FloatVector v = u.fma(FloatVector.broadcast(F, Memory.f32(b + 4L * n)), old);
            v.intoMemorySegment(ALL, at, ORDER, mask);
            out = v.fma(FloatVector.broadcast(F, Memory.f32(c + 4L * n)), out);
        }
        out.intoMemorySegment(ALL, y, ORDER, mask);
    }

    /// y = from + d·x for one row of one head; `from` may be y.
    private static void skip(Call call, long y, long from, long x, int head) {
        int width = call.shape.headDim();
        boolean perChannel = call.d.isPresent() && call.d.get().elements() != call.shape.heads();
        float perHead = call.d.isEmpty() || perChannel ? 0 : call.d.get().get(head);
        if (call.d.isEmpty() && y == from) {
            return;
        }
        for (int j = 0; j < width; j += Lanes.COUNT) {
            VectorMask<Float> mask = F.indexInRange(0, width - j);
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, from + 4L * j, ORDER, mask);
            if (call.d.isPresent()) {
                long weight = call.d.get().address() + 4L * (head * width + j);
                FloatVector d = perChannel ? FloatVector.fromMemorySegment(F, ALL, weight, ORDER, mask) : FloatVector.broadcast(F, perHead);
                v = FloatVector.fromMemorySegment(F, ALL, x + 4L * j, ORDER, mask).fma(d, v);
            }
            v.intoMemorySegment(ALL, y + 4L * j, ORDER, mask);
        }
    }

    /// All blocks of one head of a segment.
    private void segment(Call call, int segment, int head) {
        int width = call.shape.headDim();
        int states = call.shape.state();
        int padded = Rows.padded(width);
        long times = scratch.get().address(TimeSteps.BYTES + DecayBlock.bytes(padded) + 4L * states * padded);
        DecayBlock matrices = new DecayBlock(times + TimeSteps.BYTES, padded);
        long home = call.state(segment, head);
        long s = width == padded ? home : times + TimeSteps.BYTES + DecayBlock.bytes(padded);
        if (s != home) {
            Rows.pad(s, home, 4L * width, states, width);
        }
        int group = call.group(head);
        for (int block = call.blocks.first()[segment]; block < call.blocks.first()[segment + 1]; block++) {
            int from = call.blocks.from()[block];
            int rows = call.blocks.rows(block);
            call.steps.compute(head, from, from + rows, times);
            matrices.decays(times + Decays.ROW, rows);
            for (int t = 0; t < rows; t++) {
                Rows.scaled(matrices.u(t), call.x(from + t, head), width, Memory.f32(times + 4L * t));
            }
            matrices.run(s, states, rows, call.c(from, group), call.c.rowBytes(), call.b(from, group), call.b.rowBytes(),
                    call.scores(block, group));
            for (int t = 0; t < rows; t++) {
                skip(call, call.y(from + t, head), matrices.y(t), call.x(from + t, head), head);
            }
        }
        if (s != home) {
            Rows.unpad(home, s, 4L * width, states, width);
        }
    }

    @Override
    public void backward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor dt, Optional<Tensor> dtBias, Tensor a,
            Tensor b, Tensor c, Optional<Tensor> d, Tensor initialState, Segments segments) {
        StateSpaceDualBackward backward = new StateSpaceDualBackward(workers, scratch, shape, gradients, dy, x,
                new TimeSteps(shape, dt, dtBias, a), b, c, d, segments);
        for (int s = 0; s < segments.count(); s++) {
            backward.segment(s, initialState.address(segments.slots()[s]), shared.get());
        }
    }
}
