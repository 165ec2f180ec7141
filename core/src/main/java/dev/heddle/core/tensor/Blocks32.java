package dev.heddle.core.tensor;

/// Blocks of 32 elements. Scales d and minima m are half-precision floats at the start of a block.
///
/// | type | bytes | element |
/// |---|---|---|
/// | q8_0 | d, 32 × int8 | d·q |
/// | q4_0 | d, 16 × two nibbles | d·(q − 8) |
/// | q4_1 | d, m, 16 × two nibbles | d·q + m |
/// | q5_0 | d, 32 high bits, 16 × two nibbles | d·(q − 16) |
/// | q5_1 | d, m, 32 high bits, 16 × two nibbles | d·q + m |
///
/// The low nibble of byte j is element j, the high one element j + 16; high bit i belongs to element i.
final class Blocks32 {
    private Blocks32() {
    }

    static void q8_0(long block, float[] to, int at) {
        float d = half(block);
        for (int j = 0; j < 32; j++) {
            to[at + j] = d * Memory.i8(block + 2 + j);
        }
    }

    /// Writes the block nearest to 32 floats at `from`: d = max|x|/127, q the integer nearest to x/d with the d that was not
    /// yet rounded to half precision, ties away from zero.
    static void storeQ8_0(long block, long from) {
        float largest = 0;
        for (int j = 0; j < 32; j++) {
            largest = Math.max(largest, Math.abs(Memory.f32(from + 4L * j)));
        }
        float d = largest / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        Memory.i16(block, Float.floatToFloat16(d));
        for (int j = 0; j < 32; j++) {
            float scaled = Memory.f32(from + 4L * j) * inverse;
            float size = Math.abs(scaled);
            int whole = (int) size;
            int q = whole + (int) (2 * (size - whole));
            Memory.i8(block + 2 + j, (byte) (scaled < 0 ? -q : q));
        }
    }

    static void q4_0(long block, float[] to, int at) {
        float d = half(block);
        for (int j = 0; j < 16; j++) {
            int pair = Memory.i8(block + 2 + j);
            to[at + j] = d * ((pair & 15) - 8);
            to[at + j + 16] = d * ((pair >>> 4 & 15) - 8);
        }
    }

    static void q4_1(long block, float[] to, int at) {
        float d = half(block);
        float m = half(block + 2);
        for (int j = 0; j < 16; j++) {
            int pair = Memory.i8(block + 4 + j);
            to[at + j] = d * (pair & 15) + m;
            to[at + j + 16] = d * (pair >>> 4 & 15) + m;
        }
    }

    static void q5_0(long block, float[] to, int at) {
        float d = half(block);
        int high = Memory.i32(block + 2);
        for (int j = 0; j < 16; j++) {
            int pair = Memory.i8(block + 6 + j);
            to[at + j] = d * ((pair & 15 | (high >>> j & 1) << 4) - 16);
            to[at + j + 16] = d * ((pair >>> 4 & 15 | (high >>> j + 16 & 1) << 4) - 16);
        }
    }

    static void q5_1(long block, float[] to, int at) {
        float d = half(block);
        float m = half(block + 2);
        int high = Memory.i32(block + 4);
        for (int j = 0; j < 16; j++) {
            int pair = Memory.i8(block + 8 + j);
            to[at + j] = d * (pair & 15 | (high >>> j & 1) << 4) + m;
            to[at + j + 16] = d * (pair >>> 4 & 15 | (high >>> j + 16 & 1) << 4) + m;
        }
    }

    static float half(long address) {
        return Float.float16ToFloat(Memory.i16(address));
    }
}
