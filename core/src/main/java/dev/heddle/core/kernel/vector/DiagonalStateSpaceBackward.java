package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.kernel.DiagonalStateSpace.Gradients;
import dev.heddle.core.kernel.DiagonalStateSpace.Shape;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// The backward of [VectorDiagonalStateSpace] for a vector of channels. With g the gradient of h[t] from all later rows plus
/// κ·dy·c̄, of which real and imaginary part are those of the loss towards the real and imaginary part of h:
///
/// dc = κ·dy·h̄[t]; dā = g·h̄[t−1]; db̄ = g·x; dx = d·dy + Σ_n Re(b̄·ḡ); then g ← g·conj(ā), a bar over h, c and g meaning the
/// conjugate. Real states run as complex ones without imaginary parts.
///
/// A segment runs forwards once, which leaves the states between blocks of rows, then backwards block by block. Sums over rows
/// are added to the gradients at the end.
///
/// @param gradients to add to
record DiagonalStateSpaceBackward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor table, Tensor c,
        Optional<Tensor> cImag, Tensor d, Tensor initialState, Segments segments) {
    private static final int BLOCK = 32;
    private static final long ROW = 4L * Lanes.COUNT;

    /// Channels from `channel` on, in all segments.
    void channels(Scratch scratch, int channel) {
        int longest = 0;
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.length(s));
        }
        Strip strip = new Strip(scratch, longest, channel, Math.min(Lanes.COUNT, x.columns() - channel));
        for (int s = 0; s < segments.count(); s++) {
            strip.segment(s);
        }
        strip.finish();
    }

    private final class Strip {
        private final int m = shape.states();
        private final long part = m * ROW;
        private final long at;
        private final int count;
        /// Re ā, Im ā, Re b̄, Im b̄, Re c, Im c, M vectors each.
        private final long parameters;
        /// The gradients of the same.
        private final long sums;
        private final long dSkip;
        /// g, real parts and then imaginary ones.
        private final long gradient;
        /// g with the row's own part.
        private final long towards;
        /// h before the block and after each of its rows.
        private final long states;
        private final long boundaries;

        Strip(Scratch scratch, int longest, int channel, int count) {
            at = 4L * channel;
            this.count = count;
            parameters = scratch.address(16 * part + ROW + 2 * part * (BLOCK + 1 + Math.ceilDiv(longest, BLOCK)));
            sums = parameters + 6 * part;
            gradient = sums + 6 * part;
            towards = gradient + 2 * part;
            states = towards + 2 * part;
            boundaries = states + 2 * part * (BLOCK + 1);
            dSkip = boundaries + 2 * part * Math.ceilDiv(longest, BLOCK);
            ConvolutionRows.zero(parameters, 12 * m * Lanes.COUNT);
            ConvolutionRows.zero(dSkip, Lanes.COUNT);
            for (int n = 0; n < m; n++) {
                copy(0, n, table, n);
                copy(2, n, table, shape.complex() ? 2 * m + n : m + n);
                copy(4, n, c, n);
                if (shape.complex()) {
                    copy(1, n, table, m + n);
                    copy(3, n, table, 3 * m + n);
                    copy(5, n, cImag.orElseThrow(), n);
                }
            }
        }

        private void copy(int parameter, int n, Tensor from, int row) {
            Rows.scaled(parameters + parameter * part + n * ROW, from.address(row) + at, count, 1);
        }

        void segment(int s) {
            int start = segments.start(s);
            int end = segments.end(s);
            long home = initialState.address(segments.slots()[s]) + at;
            ConvolutionRows.zero(states, 2 * m * Lanes.COUNT);
            for (int n = 0; n < (shape.complex() ? 2 * m : m); n++) {
                Rows.scaled(states + n * ROW, home + 4L * n * x.columns(), count, 1);
            }
            ConvolutionRows.zero(gradient, 2 * m * Lanes.COUNT);
            for (int t = start; t < end; t += BLOCK) {
                Memory.copy(boundaries + (t - start) / BLOCK * 2 * part, states, 2 * part);
                for (int row = t; row < Math.min(end, t + BLOCK); row++) {
                    step(states, states, row);
                }
            }
            for (int block = Math.ceilDiv(end - start, BLOCK) - 1; block >= 0; block--) {
                int t = start + block * BLOCK;
                int rows = Math.min(BLOCK, end - t);
                Memory.copy(states, boundaries + block * 2 * part, 2 * part);
                for (int row = 0; row < rows; row++) {
                    step(states + (row + 1) * 2 * part, states + row * 2 * part, t + row);
                }
                for (int row = rows - 1; row >= 0; row--) {
                    back(t + row);
                    parameters(states + row * 2 * part, states + (row + 1) * 2 * part, t + row);
                }
            }
        }

        /// One step from the state `h` to the state at `to`, which may be `h`.
        private void step(long to, long h, int t) {
            FloatVector in = FloatVector.fromMemorySegment(F, ALL, x.address(t) + at, ORDER, F.indexInRange(0, count));
            for (long n = 0; n < part; n += ROW) {
                FloatVector re = FloatVector.fromMemorySegment(F, ALL, h + n, ORDER);
                FloatVector im = FloatVector.fromMemorySegment(F, ALL, h + part + n, ORDER);
                FloatVector a = FloatVector.fromMemorySegment(F, ALL, parameters + n, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(F, ALL, parameters + part + n, ORDER);
                FloatVector nextRe = im.neg().fma(b, re.mul(a));
                FloatVector nextIm = re.fma(b, im.mul(a));
                in.fma(FloatVector.fromMemorySegment(F, ALL, parameters + 2 * part + n, ORDER), nextRe).intoMemorySegment(ALL, to + n, ORDER);
                in.fma(FloatVector.fromMemorySegment(F, ALL, parameters + 3 * part + n, ORDER), nextIm)
                        .intoMemorySegment(ALL, to + part + n, ORDER);
            }
        }

        /// Moves g over a row, leaves it as it is towards the row's own state, and adds to dx.
        private void back(int t) {
            VectorMask<Float> mask = F.indexInRange(0, count);
            FloatVector in = FloatVector.fromMemorySegment(F, ALL, x.address(t) + at, ORDER, mask);
            FloatVector out = FloatVector.fromMemorySegment(F, ALL, dy.address(t) + at, ORDER, mask);
            FloatVector.fromMemorySegment(F, ALL, dSkip, ORDER).add(out.mul(in)).intoMemorySegment(ALL, dSkip, ORDER);
            FloatVector dx = out.mul(FloatVector.fromMemorySegment(F, ALL, d.address() + at, ORDER, mask));
            FloatVector twice = shape.complex() ? out.add(out) : out;
            for (long n = 0; n < part; n += ROW) {
                FloatVector re = twice.fma(FloatVector.fromMemorySegment(F, ALL, parameters + 4 * part + n, ORDER),
                        FloatVector.fromMemorySegment(F, ALL, gradient + n, ORDER));
                FloatVector im = twice.neg().fma(FloatVector.fromMemorySegment(F, ALL, parameters + 5 * part + n, ORDER),
                        FloatVector.fromMemorySegment(F, ALL, gradient + part + n, ORDER));
                dx = re.fma(FloatVector.fromMemorySegment(F, ALL, parameters + 2 * part + n, ORDER), dx);
                dx = im.fma(FloatVector.fromMemorySegment(F, ALL, parameters + 3 * part + n, ORDER), dx);
                FloatVector a = FloatVector.fromMemorySegment(F, ALL, parameters + n, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(F, ALL, parameters + part + n, ORDER);
                im.fma(b, re.mul(a)).intoMemorySegment(ALL, gradient + n, ORDER);
                re.neg().fma(b, im.mul(a)).intoMemorySegment(ALL, gradient + part + n, ORDER);
                re.intoMemorySegment(ALL, towards + n, ORDER);
                im.intoMemorySegment(ALL, towards + part + n, ORDER);
            }
            long to = gradients.x().address(t) + at;
            dx.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER, mask)).intoMemorySegment(ALL, to, ORDER, mask);
        }

        /// What a row adds to the gradients of ā, b̄ and c, from g in `towards`.
        private void parameters(long before, long after, int t) {
            VectorMask<Float> mask = F.indexInRange(0, count);
            FloatVector in = FloatVector.fromMemorySegment(F, ALL, x.address(t) + at, ORDER, mask);
            FloatVector out = FloatVector.fromMemorySegment(F, ALL, dy.address(t) + at, ORDER, mask).mul(shape.complex() ? 2f : 1f);
            for (long n = 0; n < part; n += ROW) {
                FloatVector re = FloatVector.fromMemorySegment(F, ALL, towards + n, ORDER);
                FloatVector im = FloatVector.fromMemorySegment(F, ALL, towards + part + n, ORDER);
                FloatVector oldRe = FloatVector.fromMemorySegment(F, ALL, before + n, ORDER);
                FloatVector oldIm = FloatVector.fromMemorySegment(F, ALL, before + part + n, ORDER);
                long to = sums + n;
                re.fma(oldRe, im.fma(oldIm, FloatVector.fromMemorySegment(F, ALL, to, ORDER))).intoMemorySegment(ALL, to, ORDER);
                to += part;
                im.fma(oldRe, re.neg().fma(oldIm, FloatVector.fromMemorySegment(F, ALL, to, ORDER))).intoMemorySegment(ALL, to, ORDER);
                to += part;
                re.fma(in, FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
                to += part;
                im.fma(in, FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
                to += part;
                out.fma(FloatVector.fromMemorySegment(F, ALL, after + n, ORDER), FloatVector.fromMemorySegment(F, ALL, to, ORDER))
                        .intoMemorySegment(ALL, to, ORDER);
                to += part;
                out.neg().fma(FloatVector.fromMemorySegment(F, ALL, after + part + n, ORDER),
                        FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
            }
        }

        void finish() {
            Rows.add(gradients.d().address() + at, dSkip, count, 1);
            for (int n = 0; n < m; n++) {
                add(gradients.table(), n, 0, n);
                add(gradients.table(), shape.complex() ? 2 * m + n : m + n, 2, n);
                add(gradients.c(), n, 4, n);
                if (shape.complex()) {
                    add(gradients.table(), m + n, 1, n);
                    add(gradients.table(), 3 * m + n, 3, n);
                    add(gradients.cImag().orElseThrow(), n, 5, n);
                }
            }
        }

        private void add(Tensor to, int row, int parameter, int n) {
            Rows.add(to.address(row) + at, sums + parameter * part + n * ROW, count, 1);
        }
    }
}
