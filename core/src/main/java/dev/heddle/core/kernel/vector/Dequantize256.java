package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Dequantize32.half;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Rows of 256-element blocks as f32, with the bits of [Blocks]: a group's scale d·s has 19 significant bits at most and
/// is exact, and so is its product with an element of q3_K, q4_K or q5_K.
final class Dequantize256 {
    private Dequantize256() {
    }

    static void q3(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            float d = half(from + 108);
            for (int group = 0; group < 16; group++) {
                group3(to + 64L * group, from + 32 + group / 8 * 32 + group % 2 * 16, group / 2 % 4 * 2, from + group % 2 * 16,
                        group / 2, d * scale3(from + 96, group));
            }
            from += 110;
            to += 1024;
        }
    }

    /// Six-bit scale of a group of a q3_K block, −32 to 31.
    static int scale3(long packed, int group) {
        int low = Memory.i8(packed + group % 8) >>> group / 8 * 4 & 15;
        int high = Memory.i8(packed + 8 + group % 4) >>> group / 4 * 2 & 3;
        return (low | high << 4) - 32;
    }

    private static void group3(long to, long low, int lowShift, long high, int highShift, float scale) {
        for (int j = 0; j < 16; j += COUNT) {
            IntVector q = Lanes.loadUnsignedBytes(high + j).lanewise(VectorOperators.LSHR, highShift).and(1)
                    .lanewise(VectorOperators.LSHL, 2)
                    .or(Lanes.loadUnsignedBytes(low + j).lanewise(VectorOperators.LSHR, lowShift).and(3)).sub(4);
            Lanes.store(((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(scale), to + 4L * j);
        }
    }

    static void q4(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            float d = half(from);
            float e = half(from + 2);
            long scales = scales(from + 4);
            long minima = minima(from + 4);
            for (int pair = 0; pair < 4; pair++) {
                groups4(to + 256L * pair, from + 16 + 32 * pair, d * (scales & 63), -e * (minima & 63),
                        d * (scales >>> 8 & 63), -e * (minima >>> 8 & 63));
                scales >>>= 16;
                minima >>>= 16;
            }
            from += 144;
            to += 1024;
        }
    }

    private static void groups4(long to, long from, float d0, float m0, float d1, float m1) {
        for (int j = 0; j < 32; j += COUNT) {
            IntVector pair = Lanes.loadUnsignedBytes(from + j);
            Lanes.store(((FloatVector) pair.and(15).convert(VectorOperators.I2F, 0)).fma(Lanes.of(d0), Lanes.of(m0)), to + 4L * j);
            Lanes.store(((FloatVector) pair.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0))
                    .fma(Lanes.of(d1), Lanes.of(m1)), to + 4L * j + 128);
        }
    }

    static void q5(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            float d = half(from);
            float e = half(from + 2);
            long scales = scales(from + 4);
            long minima = minima(from + 4);
            for (int pair = 0; pair < 4; pair++) {
                groups5(to + 256L * pair, from + 48 + 32 * pair, from + 16, 2 * pair, d * (scales & 63), -e * (minima & 63),
                        d * (scales >>> 8 & 63), -e * (minima >>> 8 & 63));
                scales >>>= 16;
                minima >>>= 16;
            }
            from += 176;
            to += 1024;
        }
    }

    private static void groups5(long to, long from, long bits, int shift, float d0, float m0, float d1, float m1) {
        for (int j = 0; j < 32; j += COUNT) {
            IntVector pair = Lanes.loadUnsignedBytes(from + j);
            IntVector high = Lanes.loadUnsignedBytes(bits + j).lanewise(VectorOperators.LSHR, shift);
            IntVector first = high.and(1).lanewise(VectorOperators.LSHL, 4).or(pair.and(15));
            IntVector second = high.and(2).lanewise(VectorOperators.LSHL, 3).or(pair.lanewise(VectorOperators.LSHR, 4));
            Lanes.store(((FloatVector) first.convert(VectorOperators.I2F, 0)).fma(Lanes.of(d0), Lanes.of(m0)), to + 4L * j);
            Lanes.store(((FloatVector) second.convert(VectorOperators.I2F, 0)).fma(Lanes.of(d1), Lanes.of(m1)),
                    to + 4L * j + 128);
        }
    }

    /// Six-bit scales of the eight groups of a q4_K or q5_K block, a byte each.
    static long scales(long packed) {
        long first = Memory.i32(packed) & 0xffffffffL;
        long last = Memory.i32(packed + 8) & 0xffffffffL;
        return first & 0x3f3f3f3fL | (last & 0x0f0f0f0fL | (first >>> 6 & 0x03030303L) << 4) << 32;
    }

    /// Six-bit minima of the same.
    static long minima(long packed) {
        long middle = Memory.i32(packed + 4) & 0xffffffffL;
        long last = Memory.i32(packed + 8) & 0xffffffffL;
        return middle & 0x3f3f3f3fL | (last >>> 4 & 0x0f0f0f0fL | (middle >>> 6 & 0x03030303L) << 4) << 32;
    }

    static void q6(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            float d = half(from + 208);
            for (int part = 0; part < 4; part++) {
                // 16 elements of each of the four quarters of half a block
                long half = part / 2;
                long at = half * 64 + part % 2 * 16;
                long scales = from + 192 + 8 * half + part % 2;
                quarters6(to + 512 * half + 64 * (part % 2), from + at, from + 128 + 32 * half + part % 2 * 16,
                        d * Memory.i8(scales), d * Memory.i8(scales + 2), d * Memory.i8(scales + 4), d * Memory.i8(scales + 6));
            }
            from += 210;
            to += 1024;
        }
    }

    private static void quarters6(long to, long low, long high, float d0, float d1, float d2, float d3) {
        for (int j = 0; j < 16; j += COUNT) {
            long out = to + 4L * j & USER;
            IntVector a = Lanes.loadUnsignedBytes(low + j);
            IntVector b = Lanes.loadUnsignedBytes(low + j + 32);
            IntVector h = Lanes.loadUnsignedBytes(high + j);
            IntVector q0 = h.and(3).lanewise(VectorOperators.LSHL, 4).or(a.and(15)).sub(32);
            IntVector q1 = h.and(12).lanewise(VectorOperators.LSHL, 2).or(b.and(15)).sub(32);
            IntVector q2 = h.and(48).or(a.lanewise(VectorOperators.LSHR, 4)).sub(32);
            IntVector q3 = h.and(192).lanewise(VectorOperators.LSHR, 2).or(b.lanewise(VectorOperators.LSHR, 4)).sub(32);
            ((FloatVector) q0.convert(VectorOperators.I2F, 0)).mul(d0).intoMemorySegment(ALL, out, ORDER);
            ((FloatVector) q1.convert(VectorOperators.I2F, 0)).mul(d1).intoMemorySegment(ALL, out + 128, ORDER);
            ((FloatVector) q2.convert(VectorOperators.I2F, 0)).mul(d2).intoMemorySegment(ALL, out + 256, ORDER);
            ((FloatVector) q3.convert(VectorOperators.I2F, 0)).mul(d3).intoMemorySegment(ALL, out + 384, ORDER);
        }
    }
}
