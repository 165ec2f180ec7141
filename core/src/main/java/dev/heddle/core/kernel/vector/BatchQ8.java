package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Products of a few activation rows with q8_0 weights, read in place, in the order of [RowsQuantized]: the next tokens of
/// several answers. A weight vector is converted once for all of them, which costs less than expanding a panel that so few
/// rows use; weights are read one row after the other, as one stream.
final class BatchQ8 {
    /// Most activation rows for which this is faster than a panel.
    static final int MOST = 4;

    private BatchQ8() {
    }

    /// Whether this processor's vectors are wide enough for [#product].
    static boolean fits() {
        return COUNT > 4;
    }

    /// Scratch memory that [#product] needs.
    static long scratchBytes() {
        return LaneSums.BYTES;
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for `rows` rows of `rowBytes` bytes from `w`, as many at a time as make sixteen sums.
    ///
    /// @param tokens two to [#MOST] activation rows
    /// @param sums   scratch memory
    static void product(long y, long yBytes, long x, long xBytes, int tokens, long w, long rowBytes, int rows, int inner, long sums) {
        int across = tokens == 2 ? 8 : 4;
        long vector = 4L * COUNT;
        for (int o = 0; o < rows; o += across) {
            int n = Math.min(across, rows - o);
            for (int r = 0; r < n; r++) {
                long row = w + (o + r) * rowBytes;
                if (tokens == 2) {
                    two(sums + r * vector, 8 * vector, x, xBytes, row, inner);
                } else {
                    four(sums + r * vector, 4 * vector, x, xBytes, tokens, row, inner);
                }
            }
            LaneSums.fold(sums, sums);
            for (int t = 0; t < tokens; t++) {
                for (int r = 0; r < n; r++) {
                    Memory.f32(y + t * yBytes + 4L * (o + r), Memory.f32(sums + 4L * (t * across + r)));
                }
            }
        }
    }

    /// Lane sums of one weight row with two activation rows, to `sums` and `sums + step`.
    private static void two(long sums, long step, long x0, long xBytes, long w, int inner) {
        long x1 = x0 + xBytes;
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        for (int i = 0; i < inner; i += 32) {
            long block = w & USER;
            FloatVector d = FloatVector.broadcast(F, RowsQ8.scale(block));
            for (int j = 0; j < 32; j += 2 * COUNT) {
                long at = block + j & USER;
                long v = 4L * (i + j);
                FloatVector a = ((FloatVector) ByteVector.fromMemorySegment(Lanes.B, ALL, at + 2, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).mul(d);
                FloatVector b = ((FloatVector) ByteVector.fromMemorySegment(Lanes.B, ALL, at + 2 + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).mul(d);
                at = x0 + v & USER;
                s0 = b.fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER), a.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER))).add(s0);
                at = x1 + v & USER;
                s1 = b.fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER), a.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER))).add(s1);
            }
            w += 34;
        }
        sums &= USER;
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + step & USER, ORDER);
    }

    /// The same for three or four activation rows; the last stands in for those that are missing.
    private static void four(long sums, long step, long x0, long xBytes, int tokens, long w, int inner) {
        long x1 = x0 + Math.min(1, tokens - 1) * xBytes;
        long x2 = x0 + Math.min(2, tokens - 1) * xBytes;
        long x3 = x0 + Math.min(3, tokens - 1) * xBytes;
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        for (int i = 0; i < inner; i += 32) {
            long block = w & USER;
            FloatVector d = FloatVector.broadcast(F, RowsQ8.scale(block));
            for (int j = 0; j < 32; j += 2 * COUNT) {
                long at = block + j & USER;
                long v = 4L * (i + j);
                FloatVector a = ((FloatVector) ByteVector.fromMemorySegment(Lanes.B, ALL, at + 2, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).mul(d);
                FloatVector b = ((FloatVector) ByteVector.fromMemorySegment(Lanes.B, ALL, at + 2 + COUNT, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).mul(d);
                at = x0 + v & USER;
                s0 = b.fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER), a.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER))).add(s0);
                at = x1 + v & USER;
                s1 = b.fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER), a.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER))).add(s1);
                at = x2 + v & USER;
                s2 = b.fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER), a.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER))).add(s2);
                at = x3 + v & USER;
                s3 = b.fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * COUNT, ORDER), a.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER))).add(s3);
            }
            w += 34;
        }
        sums &= USER;
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + step & USER, ORDER);
        s2.intoMemorySegment(ALL, sums + 2 * step & USER, ORDER);
        s3.intoMemorySegment(ALL, sums + 3 * step & USER, ORDER);
    }
}
