package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.RgLru.DECAY_SCALE;
import static dev.heddle.core.kernel.RgLru.ROOT_DERIVATIVE_BOUND;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.RgLru.Gradients;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The backward of [VectorRgLru] for a vector of channels. With g the gradient of h[t] from all later rows plus dy, r and i the
/// gates after the sigmoid, and root = √(1 − a²):
///
/// dx = g·root·i; di = g·root·x; d ln a = g·h[t−1]·a − g·i·x·min(1/(2·root), bound)·2a²;
/// dr = −8·softplus(λ)·d ln a; dλ = −8·r·σ(λ)·d ln a; then g ← g·a.
///
/// A segment runs forwards once, which leaves h between blocks of rows, then backwards block by block.
///
/// @param gradients to add to
record RgLruBackward(Gradients gradients, Tensor dy, Tensor x, Tensor recurrenceGate, Tensor inputGate, Tensor lambda,
        Tensor initialState, Segments segments) {
    private static final int BLOCK = VectorRgLru.BLOCK;
    private static final long ROW = 4L * Lanes.COUNT;
    private static final long COLUMN = BLOCK * ROW;

    /// What a block of rows holds, a column of [#BLOCK] vectors each.
    private static final int COLUMNS = 8;

    /// Channels from `channel` on, in all segments.
    void channels(Scratch scratch, int channel) {
        int longest = 0;
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.length(s));
        }
        long memory = scratch.address(COLUMNS * COLUMN + (4 + Math.ceilDiv(longest, BLOCK)) * ROW);
        Strip strip = new Strip(memory, 4L * channel, Math.min(Lanes.COUNT, lambda.columns() - channel));
        for (int s = 0; s < segments.count(); s++) {
            strip.segment(s);
        }
        strip.finish();
    }

    private final class Strip {
        private final long at;
        private final int count;
        private final long r;
        private final long rSlope;
        private final long in;
        private final long inSlope;
        private final long decay;
        private final long root;
        private final long input;
        /// h before a block, and directly after it those of its rows.
        private final long state;
        private final long h;
        private final long rate;
        private final long gradient;
        private final long dRate;
        private final long boundaries;

        Strip(long memory, long at, int count) {
            this.at = at;
            this.count = count;
            r = memory;
            rSlope = r + COLUMN;
            in = rSlope + COLUMN;
            inSlope = in + COLUMN;
            decay = inSlope + COLUMN;
            root = decay + COLUMN;
            input = root + COLUMN;
            state = input + COLUMN;
            h = state + ROW;
            rate = h + COLUMN;
            gradient = rate + ROW;
            dRate = gradient + ROW;
            boundaries = dRate + ROW;
            Rows.scaled(rate, lambda.address() + at, count, 1);
            Softplus.apply(rate, Lanes.COUNT);
            ConvolutionRows.zero(dRate, Lanes.COUNT);
        }

        void segment(int s) {
            int start = segments.start(s);
            int end = segments.end(s);
            boolean fresh = segments.positions()[s] == 0;
            Rows.scaled(state, initialState.address(segments.slots()[s]) + at, count, 1);
            ConvolutionRows.zero(gradient, Lanes.COUNT);
            for (int t = start; t < end; t += BLOCK) {
                Memory.copy(boundaries + (t - start) / BLOCK * ROW, state, ROW);
                forward(t, Math.min(BLOCK, end - t), fresh && t == start);
            }
            for (int block = Math.ceilDiv(end - start, BLOCK) - 1; block >= 0; block--) {
                int t = start + block * BLOCK;
                int rows = Math.min(BLOCK, end - t);
                Memory.copy(state, boundaries + block * ROW, ROW);
                forward(t, rows, fresh && block == 0);
                Memory.copy(state, boundaries + block * ROW, ROW);
                backward(t, rows, fresh && block == 0);
            }
        }

        /// Gates, decays and h of a block; moves the state on.
        private void forward(int t, int rows, boolean first) {
            gates(r, rSlope, recurrenceGate.address(t) + at, recurrenceGate.rowBytes(), rows);
            gates(in, inSlope, inputGate.address(t) + at, inputGate.rowBytes(), rows);
            VectorMask<Float> mask = F.indexInRange(0, count);
            FloatVector scale = FloatVector.fromMemorySegment(F, ALL, rate, ORDER).mul((float) -DECAY_SCALE);
            for (int row = 0; row < rows; row++) {
                FloatVector.fromMemorySegment(F, ALL, r + row * ROW, ORDER).mul(scale).intoMemorySegment(ALL, decay + row * ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, x.address(t + row) + at, ORDER, mask)
                        .mul(FloatVector.fromMemorySegment(F, ALL, in + row * ROW, ORDER)).intoMemorySegment(ALL, input + row * ROW, ORDER);
            }
            VectorRgLru.roots(root, decay, rows);
            Decays.exp(decay, decay, rows * Lanes.COUNT);
            VectorRgLru.recur(h, ROW, decay, root, input, state, first, rows, Lanes.COUNT);
        }

        /// σ(gate) and σ′(gate), both from e^−|gate|.
        private void gates(long sigmoid, long slope, long gate, long gateBytes, int rows) {
            VectorMask<Float> mask = F.indexInRange(0, count);
            for (int row = 0; row < rows; row++) {
                FloatVector.fromMemorySegment(F, ALL, gate + row * gateBytes, ORDER, mask).abs().neg()
                        .intoMemorySegment(ALL, slope + row * ROW, ORDER);
            }
            Decays.exp(slope, slope, rows * Lanes.COUNT);
            for (int row = 0; row < rows; row++) {
                FloatVector e = FloatVector.fromMemorySegment(F, ALL, slope + row * ROW, ORDER);
                FloatVector inverse = FloatVector.broadcast(F, 1).div(e.add(1));
                FloatVector small = e.mul(inverse);
                VectorMask<Float> negative = FloatVector.fromMemorySegment(F, ALL, gate + row * gateBytes, ORDER, mask)
                        .compare(VectorOperators.LT, 0);
                inverse.blend(small, negative).intoMemorySegment(ALL, sigmoid + row * ROW, ORDER);
                small.mul(inverse).intoMemorySegment(ALL, slope + row * ROW, ORDER);
            }
        }

        /// `first`: the state before the first row counts nothing, and it has neither decay nor root.
        private void backward(int t, int rows, boolean first) {
            int last = first ? 1 : 0;
            VectorMask<Float> mask = F.indexInRange(0, count);
            FloatVector scale = FloatVector.fromMemorySegment(F, ALL, rate, ORDER).mul((float) -DECAY_SCALE);
            FloatVector g = FloatVector.fromMemorySegment(F, ALL, gradient, ORDER);
            FloatVector sum = FloatVector.fromMemorySegment(F, ALL, dRate, ORDER);
            for (int row = rows - 1; row >= last; row--) {
                long offset = row * ROW;
                g = g.add(FloatVector.fromMemorySegment(F, ALL, dy.address(t + row) + at, ORDER, mask));
                FloatVector q = FloatVector.fromMemorySegment(F, ALL, root + offset, ORDER);
                FloatVector a = FloatVector.fromMemorySegment(F, ALL, decay + offset, ORDER);
                FloatVector dRoot = FloatVector.broadcast(F, 0.5f).div(q).min((float) ROOT_DERIVATIVE_BOUND).mul(a).mul(-2f);
                FloatVector inner = FloatVector.fromMemorySegment(F, ALL, input + offset, ORDER).fma(dRoot,
                        FloatVector.fromMemorySegment(F, ALL, h + offset - ROW, ORDER));
                g.mul(q).intoMemorySegment(ALL, root + offset, ORDER);
                g = g.mul(a);
                FloatVector dLog = g.mul(inner);
                long out = gradients.recurrenceGate().address(t + row) + at;
                dLog.mul(scale).fma(FloatVector.fromMemorySegment(F, ALL, rSlope + offset, ORDER),
                        FloatVector.fromMemorySegment(F, ALL, out, ORDER, mask)).intoMemorySegment(ALL, out, ORDER, mask);
                sum = dLog.fma(FloatVector.fromMemorySegment(F, ALL, r + offset, ORDER), sum);
            }
            g.intoMemorySegment(ALL, gradient, ORDER);
            sum.intoMemorySegment(ALL, dRate, ORDER);
            if (first) {
                g.add(FloatVector.fromMemorySegment(F, ALL, dy.address(t) + at, ORDER, mask)).intoMemorySegment(ALL, root, ORDER);
                ConvolutionRows.zero(gradient, Lanes.COUNT);
            }
            inputs(t, rows);
        }

        /// dx and the input gate's gradient, from g·root in the place of the roots.
        private void inputs(int t, int rows) {
            VectorMask<Float> mask = F.indexInRange(0, count);
            for (int row = 0; row < rows; row++) {
                long offset = row * ROW;
                FloatVector rooted = FloatVector.fromMemorySegment(F, ALL, root + offset, ORDER);
                long dx = gradients.x().address(t + row) + at;
                rooted.fma(FloatVector.fromMemorySegment(F, ALL, in + offset, ORDER),
                        FloatVector.fromMemorySegment(F, ALL, dx, ORDER, mask)).intoMemorySegment(ALL, dx, ORDER, mask);
                long dGate = gradients.inputGate().address(t + row) + at;
                rooted.mul(FloatVector.fromMemorySegment(F, ALL, x.address(t + row) + at, ORDER, mask))
                        .fma(FloatVector.fromMemorySegment(F, ALL, inSlope + offset, ORDER),
                                FloatVector.fromMemorySegment(F, ALL, dGate, ORDER, mask)).intoMemorySegment(ALL, dGate, ORDER, mask);
            }
        }

        /// Brings the sums of −dλ/(8·σ(λ)) to λ.
        void finish() {
            for (int i = 0; i < count; i++) {
                long to = gradients.lambda().address() + at + 4L * i;
                float slope = (float) -DECAY_SCALE * VectorMath.sigmoid(Memory.f32(lambda.address() + at + 4L * i));
                Memory.f32(to, Math.fma(slope, Memory.f32(dRate + 4L * i), Memory.f32(to)));
            }
        }
    }
}
