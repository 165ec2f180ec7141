package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;

import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Rows of 32-element blocks as f32, with the bits of [Blocks]: products d·q are exact, so each element is rounded once
/// at most, whether minimum and product are added or fused.
final class Dequantize32 {
    private static final IntVector LANE = IntVector.zero(Lanes.I).addIndex(1);

    /// The minimum of types that have none; unlike a positive zero it changes nothing when added to a negative one.
    private static final float NONE = -0.0f;

    private Dequantize32() {
    }

    static void q8_0(long to, long from, int n) {
        for (int i = 0; i < n; i += 32) {
            float d = half(from);
            for (int j = 0; j < 32; j += COUNT) {
                Lanes.store(Lanes.loadBytes(from + 2 + j).mul(d), to + 4L * j);
            }
            from += 34;
            to += 128;
        }
    }

    static void q4_0(long to, long from, int n) {
        for (int i = 0; i < n; i += 32) {
            nibbles(to, from + 2, 8, half(from), NONE);
            from += 18;
            to += 128;
        }
    }

    static void q4_1(long to, long from, int n) {
        for (int i = 0; i < n; i += 32) {
            nibbles(to, from + 4, 0, half(from), half(from + 2));
            from += 20;
            to += 128;
        }
    }

    private static void nibbles(long to, long from, int middle, float scale, float offset) {
        FloatVector d = Lanes.of(scale);
        FloatVector m = Lanes.of(offset);
        for (int j = 0; j < 16; j += COUNT) {
            IntVector pair = Lanes.loadUnsignedBytes(from + j);
            Lanes.store(((FloatVector) pair.and(15).sub(middle).convert(VectorOperators.I2F, 0)).fma(d, m), to + 4L * j);
            Lanes.store(((FloatVector) pair.lanewise(VectorOperators.LSHR, 4).sub(middle).convert(VectorOperators.I2F, 0)).fma(d, m),
                    to + 4L * j + 64);
        }
    }

    static void q5_0(long to, long from, int n) {
        for (int i = 0; i < n; i += 32) {
            nibblesAndBits(to, from + 6, Memory.i32(from + 2), 16, half(from), NONE);
            from += 22;
            to += 128;
        }
    }

    static void q5_1(long to, long from, int n) {
        for (int i = 0; i < n; i += 32) {
            nibblesAndBits(to, from + 8, Memory.i32(from + 4), 0, half(from), half(from + 2));
            from += 24;
            to += 128;
        }
    }

    private static void nibblesAndBits(long to, long from, int bits, int middle, float scale, float offset) {
        FloatVector d = Lanes.of(scale);
        FloatVector m = Lanes.of(offset);
        for (int j = 0; j < 16; j += COUNT) {
            IntVector pair = Lanes.loadUnsignedBytes(from + j);
            IntVector low = IntVector.broadcast(Lanes.I, bits >>> j).lanewise(VectorOperators.LSHR, LANE)
                    .and(1).lanewise(VectorOperators.LSHL, 4).or(pair.and(15)).sub(middle);
            IntVector high = IntVector.broadcast(Lanes.I, bits >>> j + 16).lanewise(VectorOperators.LSHR, LANE)
                    .and(1).lanewise(VectorOperators.LSHL, 4).or(pair.lanewise(VectorOperators.LSHR, 4)).sub(middle);
            Lanes.store(((FloatVector) low.convert(VectorOperators.I2F, 0)).fma(d, m), to + 4L * j);
            Lanes.store(((FloatVector) high.convert(VectorOperators.I2F, 0)).fma(d, m), to + 4L * j + 64);
        }
    }

    static float half(long address) {
        return Float.float16ToFloat(Memory.i16(address));
    }
}
