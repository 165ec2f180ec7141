package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.Wkv.Gradients;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The backward of [VectorWkv] for a vector of channels. The exponents are held constant, because nothing depends on them. With
/// old, now, keep and add the powers by which sums and key count in the mean and in the next sums, n = old·b + now the
/// divisor, m the mean, o = dy/n, and da, db the gradients of the sums after the row:
///
/// du = now·o·(v − m); dw = keep·(a·da + b·db); dk = add·(v·da + db) + du; dv = add·da + now·o;
/// da ← keep·da + old·o; db ← keep·db − old·o·m.
///
/// A segment runs forwards once, which leaves the sums between blocks of rows, then backwards block by block.
///
/// @param gradients to add to
/// @param sums      before the forward ran, as `exponent`
record WkvBackward(Gradients gradients, Tensor dy, Tensor k, Tensor v, Tensor logDecay, Tensor bonus, Tensor sums,
        Tensor exponent, Segments segments) {
    private static final int BLOCK = VectorWkv.BLOCK;
    private static final long ROW = 4L * Lanes.COUNT;
    private static final long COLUMN = BLOCK * ROW;

    /// Channels from `channel` on, in all segments.
    void channels(Scratch scratch, int channel) {
        int longest = 0;
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.length(s));
        }
        long memory = scratch.address(5 * COLUMN + (7 + 3L * Math.ceilDiv(longest, BLOCK)) * ROW);
        Strip strip = new Strip(memory, 4L * channel, Math.min(Lanes.COUNT, k.columns() - channel));
        for (int s = 0; s < segments.count(); s++) {
            strip.segment(s);
        }
        Rows.add(gradients.logDecay().address() + 4L * channel, strip.dDecay, strip.count, 1);
        Rows.add(gradients.bonus().address() + 4L * channel, strip.dDecay + ROW, strip.count, 1);
    }

    private final class Strip {
        private final long at;
        private final int count;
        private final long now;
        private final long next;
        private final long p;
        private final long a;
        private final long b;
        /// p, a and b before the block.
        private final long state;
        /// da and db.
        private final long gradient;
        /// dw and du.
        private final long dDecay;
        private final long boundaries;

        Strip(long memory, long at, int count) {
            this.at = at;
            this.count = count;
            now = memory;
            next = now + COLUMN;
            p = next + COLUMN;
            a = p + COLUMN;
            b = a + COLUMN;
            state = b + COLUMN;
            gradient = state + 3 * ROW;
            dDecay = gradient + 2 * ROW;
            boundaries = dDecay + 2 * ROW;
            ConvolutionRows.zero(dDecay, 2 * Lanes.COUNT);
        }

        void segment(int s) {
            int slot = segments.slots()[s];
            int start = segments.start(s);
            int end = segments.end(s);
            Rows.scaled(state, exponent.address(slot) + at, count, 1);
            Rows.scaled(state + ROW, sums.address(slot) + at, count, 1);
            Rows.scaled(state + 2 * ROW, sums.address(slot) + 4L * k.columns() + at, count, 1);
            ConvolutionRows.zero(gradient, 2 * Lanes.COUNT);
            for (int t = start; t < end; t += BLOCK) {
                Memory.copy(boundaries + (t - start) / BLOCK * 3 * ROW, state, 3 * ROW);
                forward(t, Math.min(BLOCK, end - t));
            }
            for (int block = Math.ceilDiv(end - start, BLOCK) - 1; block >= 0; block--) {
                int t = start + block * BLOCK;
                int rows = Math.min(BLOCK, end - t);
                Memory.copy(state, boundaries + block * 3 * ROW, 3 * ROW);
                forward(t, rows);
                backward(t, rows);
            }
        }

        /// Powers, and p, a and b before each row of a block; moves the state on.
        private void forward(int t, int rows) {
            long w = logDecay.address() + at;
            VectorWkv.exponents(now, next, state, k.address(t) + at, k.rowBytes(), w, bonus.address() + at, rows, count);
            Decays.exp(now, now, rows * Lanes.COUNT);
            Decays.exp(next, next, rows * Lanes.COUNT);
            VectorMask<Float> mask = F.indexInRange(0, count);
            FloatVector one = FloatVector.broadcast(F, 1);
            FloatVector decay = FloatVector.fromMemorySegment(F, ALL, w, ORDER, mask);
            FloatVector largest = FloatVector.fromMemorySegment(F, ALL, state, ORDER);
            FloatVector over = FloatVector.fromMemorySegment(F, ALL, state + ROW, ORDER);
            FloatVector under = FloatVector.fromMemorySegment(F, ALL, state + 2 * ROW, ORDER);
            for (int row = 0; row < rows; row++) {
                largest.intoMemorySegment(ALL, p + row * ROW, ORDER);
                over.intoMemorySegment(ALL, a + row * ROW, ORDER);
                under.intoMemorySegment(ALL, b + row * ROW, ORDER);
                FloatVector key = FloatVector.fromMemorySegment(F, ALL, k.address(t + row) + at, ORDER, mask);
                FloatVector value = FloatVector.fromMemorySegment(F, ALL, v.address(t + row) + at, ORDER, mask);
                FloatVector power = FloatVector.fromMemorySegment(F, ALL, next + row * ROW, ORDER);
                FloatVector old = largest.add(decay);
                VectorMask<Float> oldLarger = old.compare(VectorOperators.GE, key);
                FloatVector keep = power.blend(one, oldLarger);
                FloatVector add = one.blend(power, oldLarger);
                over = keep.fma(over, add.mul(value));
                under = keep.fma(under, add);
                largest = old.max(key);
            }
            largest.intoMemorySegment(ALL, state, ORDER);
            over.intoMemorySegment(ALL, state + ROW, ORDER);
            under.intoMemorySegment(ALL, state + 2 * ROW, ORDER);
        }

        private void backward(int t, int rows) {
            VectorMask<Float> mask = F.indexInRange(0, count);
            FloatVector one = FloatVector.broadcast(F, 1);
            FloatVector decay = FloatVector.fromMemorySegment(F, ALL, logDecay.address() + at, ORDER, mask);
            FloatVector u = FloatVector.fromMemorySegment(F, ALL, bonus.address() + at, ORDER, mask);
            FloatVector da = FloatVector.fromMemorySegment(F, ALL, gradient, ORDER);
            FloatVector db = FloatVector.fromMemorySegment(F, ALL, gradient + ROW, ORDER);
            FloatVector dw = FloatVector.fromMemorySegment(F, ALL, dDecay, ORDER);
            FloatVector du = FloatVector.fromMemorySegment(F, ALL, dDecay + ROW, ORDER);
            for (int row = rows - 1; row >= 0; row--) {
                FloatVector key = FloatVector.fromMemorySegment(F, ALL, k.address(t + row) + at, ORDER, mask);
                FloatVector value = FloatVector.fromMemorySegment(F, ALL, v.address(t + row) + at, ORDER, mask);
                FloatVector largest = FloatVector.fromMemorySegment(F, ALL, p + row * ROW, ORDER);
                FloatVector over = FloatVector.fromMemorySegment(F, ALL, a + row * ROW, ORDER);
                FloatVector under = FloatVector.fromMemorySegment(F, ALL, b + row * ROW, ORDER);
                FloatVector power = FloatVector.fromMemorySegment(F, ALL, now + row * ROW, ORDER);
                VectorMask<Float> oldLarger = largest.compare(VectorOperators.GE, u.add(key));
                FloatVector old = power.blend(one, oldLarger);
                FloatVector present = one.blend(power, oldLarger);
                FloatVector divisor = old.fma(under, present);
                FloatVector mean = old.fma(over, present.mul(value)).div(divisor);
                FloatVector out = FloatVector.fromMemorySegment(F, ALL, dy.address(t + row) + at, ORDER, mask).div(divisor);
                power = FloatVector.fromMemorySegment(F, ALL, next + row * ROW, ORDER);
                oldLarger = largest.add(decay).compare(VectorOperators.GE, key);
                FloatVector keep = power.blend(one, oldLarger);
                FloatVector add = one.blend(power, oldLarger);
                FloatVector shown = present.mul(out);
                FloatVector dNow = shown.mul(value.sub(mean));
                du = du.add(dNow);
                dw = keep.fma(over.fma(da, under.mul(db)), dw);
                long dk = gradients.k().address(t + row) + at;
                FloatVector.fromMemorySegment(F, ALL, dk, ORDER, mask).add(add.fma(value.fma(da, db), dNow))
                        .intoMemorySegment(ALL, dk, ORDER, mask);
                long dv = gradients.v().address(t + row) + at;
                FloatVector.fromMemorySegment(F, ALL, dv, ORDER, mask).add(add.fma(da, shown)).intoMemorySegment(ALL, dv, ORDER, mask);
                FloatVector kept = old.mul(out);
                da = keep.fma(da, kept);
                db = keep.fma(db, kept.mul(mean).neg());
            }
            da.intoMemorySegment(ALL, gradient, ORDER);
            db.intoMemorySegment(ALL, gradient + ROW, ORDER);
            dw.intoMemorySegment(ALL, dDecay, ORDER);
            du.intoMemorySegment(ALL, dDecay + ROW, ORDER);
        }
    }
}
