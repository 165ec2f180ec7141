package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.Lanes.S;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.parallel.Processors;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Products with half-precision weights, read in place, for as few activation rows as fit the registers.
///
/// Lane l of an output's accumulator sums the products at l, l + L, l + 2L, … in that order; then the lanes are
/// added as [Lanes#sum] does, then the elements past the last whole vector, one after the other. All methods
/// hold to this, as does [Panel].
final class RowsFloat16 {
    private static final boolean AVOID_SUBNORMALS = Processors.haveSlowSubnormals();

    private RowsFloat16() {
    }

    /// One activation row: y[o] = Σ_i x[i] · w[o,i] for `rows` rows of `rowBytes` bytes from `w`.
    ///
    /// One weight row after the other, so that memory is read as one stream: rows side by side are several short streams,
    /// each of which the prefetchers must find anew, and reach two thirds of the bandwidth.
    static void one(long y, long x, long w, long rowBytes, int rows, int inner) {
        for (int o = 0; o < rows; o++) {
            long row = w + o * rowBytes;
            if (AVOID_SUBNORMALS ? !finiteWithoutSubnormals(y + 4L * o, x, row, inner) : !finite(y + 4L * o, x, row, inner)) {
                any(y + 4L * o, x, w + o * rowBytes, inner);
            }
        }
    }

    /// A weight row if it has no infinity or NaN: those need not be looked for in each element, because a half's largest
    /// exponent plus one carries into a bit that is otherwise never set. Sign, exponent and mantissa move to their places in a
    /// float, which is then 2¹¹² times too small.
    ///
    /// @return false if the row has such elements; the output then means nothing
    static boolean finite(long y, long x, long w, int inner) {
        int whole = Lanes.whole(inner);
        FloatVector sum = Lanes.zero();
        IntVector seen = IntVector.zero(I);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            IntVector half = ((IntVector) ShortVector.fromMemorySegment(S, ALL, w + 2L * i & USER, ORDER).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 13).and(0x8fffe000);
            seen = half.add(0x00800000).or(seen);
            sum = half.reinterpretAsFloats().mul(0x1p112f).fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * i & USER, ORDER), sum);
        }
        Memory.f32(y, rest(Lanes.sum(sum), x, w, whole, inner));
        return !seen.and(0x10000000).compare(VectorOperators.NE, 0).anyTrue();
    }

    /// The same without subnormal floats on the way, as [Lanes#loadFiniteFloat16] does it.
    static boolean finiteWithoutSubnormals(long y, long x, long w, int inner) {
        int whole = Lanes.whole(inner);
        FloatVector sum = Lanes.zero();
        IntVector largest = IntVector.zero(I);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            IntVector half = (IntVector) ShortVector.fromMemorySegment(S, ALL, w + 2L * i & USER, ORDER).convertShape(VectorOperators.S2I, I, 0);
            IntVector v = half.lanewise(VectorOperators.LSHL, 13).and(0x0fffe000).add(Lanes.HALF_BIAS);
            IntVector twice = v.reinterpretAsFloats().fma(FloatVector.broadcast(F, 2f), FloatVector.broadcast(F, -0x1p-14f)).reinterpretAsInts();
            largest = v.max(largest);
            sum = v.min(twice).or(half.and(0x80000000)).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * i & USER, ORDER), sum);
        }
        Memory.f32(y, rest(Lanes.sum(sum), x, w, whole, inner));
        return !largest.compare(VectorOperators.GE, Lanes.HALF_SPECIAL).anyTrue();
    }

    /// A weight row, whatever it holds.
    private static void any(long y, long x, long w, int inner) {
        int whole = Lanes.whole(inner);
        FloatVector sum = Lanes.zero();
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            sum = Lanes.loadFloat16(w + 2L * i).fma(load(x + 4L * i), sum);
        }
        Memory.f32(y, rest(Lanes.sum(sum), x, w, whole, inner));
    }

    /// Up to four activation rows: y[t,o] = Σ_i x[t,i] · w[o,i].
    static void four(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner) {
        int whole = Lanes.whole(inner);
        long t1 = Math.min(1, tokens - 1);
        long t2 = Math.min(2, tokens - 1);
        long t3 = Math.min(3, tokens - 1);
        long x1 = x + t1 * xBytes;
        long x2 = x + t2 * xBytes;
        long x3 = x + t3 * xBytes;
        for (int o = 0; o < rows; o += 2) {
            int o1 = Math.min(o + 1, rows - 1);
            long w0 = w + o * rowBytes;
            long w1 = w + o1 * rowBytes;
            FloatVector s00 = Lanes.zero();
            FloatVector s01 = Lanes.zero();
            FloatVector s02 = Lanes.zero();
            FloatVector s03 = Lanes.zero();
            FloatVector s10 = Lanes.zero();
            FloatVector s11 = Lanes.zero();
            FloatVector s12 = Lanes.zero();
            FloatVector s13 = Lanes.zero();
            for (int i = 0; i < whole; i += Lanes.COUNT) {
                FloatVector a = Lanes.loadFloat16(w0 + 2L * i);
                FloatVector b = Lanes.loadFloat16(w1 + 2L * i);
                FloatVector v = load(x + 4L * i);
                s00 = a.fma(v, s00);
                s10 = b.fma(v, s10);
                v = load(x1 + 4L * i);
                s01 = a.fma(v, s01);
                s11 = b.fma(v, s11);
                v = load(x2 + 4L * i);
                s02 = a.fma(v, s02);
                s12 = b.fma(v, s12);
                v = load(x3 + 4L * i);
                s03 = a.fma(v, s03);
                s13 = b.fma(v, s13);
            }
            Memory.f32(y + 4L * o, rest(Lanes.sum(s00), x, w0, whole, inner));
            Memory.f32(y + 4L * o1, rest(Lanes.sum(s10), x, w1, whole, inner));
            Memory.f32(y + t1 * yBytes + 4L * o, rest(Lanes.sum(s01), x1, w0, whole, inner));
            Memory.f32(y + t1 * yBytes + 4L * o1, rest(Lanes.sum(s11), x1, w1, whole, inner));
            Memory.f32(y + t2 * yBytes + 4L * o, rest(Lanes.sum(s02), x2, w0, whole, inner));
            Memory.f32(y + t2 * yBytes + 4L * o1, rest(Lanes.sum(s12), x2, w1, whole, inner));
            Memory.f32(y + t3 * yBytes + 4L * o, rest(Lanes.sum(s03), x3, w0, whole, inner));
            Memory.f32(y + t3 * yBytes + 4L * o1, rest(Lanes.sum(s13), x3, w1, whole, inner));
        }
    }

    /// Writes `n` weights from `w` to `to` as f32.
    static void unpack(long to, long w, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            Lanes.store(Lanes.loadFloat16(w + 2L * i), to + 4L * i);
        }
        for (int i = whole; i < n; i++) {
            Memory.f32(to + 4L * i, scalar(w + 2L * i));
        }
    }

    private static float rest(float sum, long x, long w, int from, int inner) {
        for (int i = from; i < inner; i++) {
            sum = Math.fma(Memory.f32(x + 4L * i), scalar(w + 2L * i), sum);
        }
        return sum;
    }

    private static float scalar(long address) {
        return Float.float16ToFloat(Memory.i16(address));
    }
}
