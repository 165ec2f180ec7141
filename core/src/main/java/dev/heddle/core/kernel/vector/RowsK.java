package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.B;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.SHORT;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Products of one activation row with q4_K and q6_K weights, read in place, in the order of [RowsQuantized], for vectors
/// of 16 floats: a pair of vectors is then a group of q4_K, or two of q6_K.
final class RowsK {
    /// Lanes of the minima beside the scales of a q4_K block.
    private static final VectorMask<Float> MINIMA = VectorMask.fromLong(F, 0xff00);

    private RowsK() {
    }

    /// Scratch memory that a product needs.
    static long scratchBytes(int inner) {
        return LaneSums.BYTES + inner / 4;
    }

    /// Whether the vectors of this process fit.
    static boolean fits() {
        return COUNT == 16;
    }

    /// @param scratch [#scratchBytes]
    static void q4(long y, long x, long w, long rowBytes, int rows, int inner, long scratch) {
        long scales = scratch + LaneSums.BYTES;
        for (int o = 0; o < rows; o += 16) {
            int some = Math.min(16, rows - o);
            for (int r = 0; r < some; r++) {
                scales4(scales, w + (o + r) * rowBytes, inner / 256);
                row4(scratch + 64L * r, x, w + (o + r) * rowBytes, inner, scales);
            }
            LaneSums.fold(scratch, scratch);
            Memory.copy(y + 4L * o, scratch, 4L * some);
        }
    }

    /// Scales of the eight groups of each block, then their minima, negated.
    private static void scales4(long to, long w, int blocks) {
        for (int b = 0; b < blocks; b++) {
            Memory.i64(to + 64L * b, Dequantize256.scales(w + 144L * b + 4));
            Memory.i64(to + 64L * b + 8, Dequantize256.minima(w + 144L * b + 4));
        }
        for (int b = 0; b < blocks; b++) {
            long at = to + 64L * b & USER;
            long block = w + 144L * b & USER;
            FloatVector factors = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(SHORT, block)))
                    .blend(-Float.float16ToFloat(ALL.get(SHORT, block + 2)), MINIMA);
            ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at, ORDER).convertShape(VectorOperators.B2F, F, 0))
                    .mul(factors).intoMemorySegment(ALL, at, ORDER);
        }
    }

    private static void row4(long to, long x, long w, int inner, long scales) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < inner; i += 256) {
            long block = w & USER;
            for (int c = 0; c < 4; c++) {
                long q = block + 16 + 32L * c & USER;
                long v = x + 4L * i + 256L * c & USER;
                IntVector a = (IntVector) ByteVector.fromMemorySegment(B, ALL, q, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector b = (IntVector) ByteVector.fromMemorySegment(B, ALL, q + 16, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                long s = scales + 8L * c & USER;
                FloatVector scale = FloatVector.broadcast(F, ALL.get(FLOAT, s));
                FloatVector min = FloatVector.broadcast(F, ALL.get(FLOAT, s + 32));
                FloatVector first = ((FloatVector) a.and(15).convert(VectorOperators.I2F, 0)).fma(scale, min)
                        .mul(FloatVector.fromMemorySegment(F, ALL, v, ORDER));
                sum = sum.add(((FloatVector) b.and(15).convert(VectorOperators.I2F, 0)).fma(scale, min)
                        .fma(FloatVector.fromMemorySegment(F, ALL, v + 64, ORDER), first));
                scale = FloatVector.broadcast(F, ALL.get(FLOAT, s + 4));
                min = FloatVector.broadcast(F, ALL.get(FLOAT, s + 36));
                first = ((FloatVector) a.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0)).fma(scale, min)
                        .mul(FloatVector.fromMemorySegment(F, ALL, v + 128, ORDER));
                sum = sum.add(((FloatVector) b.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0))
                        .fma(scale, min).fma(FloatVector.fromMemorySegment(F, ALL, v + 192, ORDER), first));
            }
            w += 144;
            scales += 64;
        }
        sum.intoMemorySegment(ALL, to & USER, ORDER);
    }

    /// @param scratch [#scratchBytes]
    static void q6(long y, long x, long w, long rowBytes, int rows, int inner, long scratch) {
        long scales = scratch + LaneSums.BYTES;
        for (int o = 0; o < rows; o += 16) {
            int some = Math.min(16, rows - o);
            for (int r = 0; r < some; r++) {
                scales6(scales, w + (o + r) * rowBytes, inner / 256);
                row6(scratch + 64L * r, x, w + (o + r) * rowBytes, inner, scales);
            }
            LaneSums.fold(scratch, scratch);
            Memory.copy(y + 4L * o, scratch, 4L * some);
        }
    }

    /// Scales of the sixteen groups of each block.
    private static void scales6(long to, long w, int blocks) {
        for (int b = 0; b < blocks; b++) {
            long block = w + 210L * b & USER;
            ((FloatVector) ByteVector.fromMemorySegment(B, ALL, block + 192, ORDER).convertShape(VectorOperators.B2F, F, 0))
                    .mul(Float.float16ToFloat(ALL.get(SHORT, block + 208)))
                    .intoMemorySegment(ALL, to + 64L * b & USER, ORDER);
        }
    }

    private static void row6(long to, long x, long w, int inner, long scales) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < inner; i += 256) {
            long block = w & USER;
            for (int half = 0; half < 2; half++) {
                long low = block + 64L * half & USER;
                long high = block + 128 + 32L * half & USER;
                long s = scales + 32L * half & USER;
                long v = x + 4L * i + 512L * half & USER;
                IntVector h0 = (IntVector) ByteVector.fromMemorySegment(B, ALL, high, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector h1 = (IntVector) ByteVector.fromMemorySegment(B, ALL, high + 16, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector a0 = (IntVector) ByteVector.fromMemorySegment(B, ALL, low, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector a1 = (IntVector) ByteVector.fromMemorySegment(B, ALL, low + 16, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector b0 = (IntVector) ByteVector.fromMemorySegment(B, ALL, low + 32, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector b1 = (IntVector) ByteVector.fromMemorySegment(B, ALL, low + 48, ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
                IntVector p = h0.and(3).lanewise(VectorOperators.LSHL, 4).or(a0.and(15)).sub(32);
                IntVector q = h1.and(3).lanewise(VectorOperators.LSHL, 4).or(a1.and(15)).sub(32);
                FloatVector first = ((FloatVector) p.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s)))
                        .mul(FloatVector.fromMemorySegment(F, ALL, v, ORDER));
                sum = sum.add(((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 4)))
                        .fma(FloatVector.fromMemorySegment(F, ALL, v + 64, ORDER), first));
                p = h0.and(12).lanewise(VectorOperators.LSHL, 2).or(b0.and(15)).sub(32);
                q = h1.and(12).lanewise(VectorOperators.LSHL, 2).or(b1.and(15)).sub(32);
                first = ((FloatVector) p.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 8)))
                        .mul(FloatVector.fromMemorySegment(F, ALL, v + 128, ORDER));
                sum = sum.add(((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 12)))
                        .fma(FloatVector.fromMemorySegment(F, ALL, v + 192, ORDER), first));
                p = h0.and(48).or(a0.lanewise(VectorOperators.LSHR, 4)).sub(32);
                q = h1.and(48).or(a1.lanewise(VectorOperators.LSHR, 4)).sub(32);
                first = ((FloatVector) p.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 16)))
                        .mul(FloatVector.fromMemorySegment(F, ALL, v + 256, ORDER));
                sum = sum.add(((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 20)))
                        .fma(FloatVector.fromMemorySegment(F, ALL, v + 320, ORDER), first));
                p = h0.and(192).lanewise(VectorOperators.LSHR, 2).or(b0.lanewise(VectorOperators.LSHR, 4)).sub(32);
                q = h1.and(192).lanewise(VectorOperators.LSHR, 2).or(b1.lanewise(VectorOperators.LSHR, 4)).sub(32);
                first = ((FloatVector) p.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 24)))
                        .mul(FloatVector.fromMemorySegment(F, ALL, v + 384, ORDER));
                sum = sum.add(((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(FloatVector.broadcast(F, ALL.get(FLOAT, s + 28)))
                        .fma(FloatVector.fromMemorySegment(F, ALL, v + 448, ORDER), first));
            }
            w += 210;
            scales += 64;
        }
        sum.intoMemorySegment(ALL, to & USER, ORDER);
    }
}
