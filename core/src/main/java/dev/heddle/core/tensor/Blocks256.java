package dev.heddle.core.tensor;

import static dev.heddle.core.tensor.Blocks32.half;

/// Blocks of 256 elements in 8 or 16 groups, each of which has a small integer scale s (and minimum n) of its own.
/// The block's scales d and e are half-precision floats.
///
/// | type | bytes | group | element |
/// |---|---|---|---|
/// | q3_K | 32 × high bits, 64 × four pairs of bits, 12 scale bytes, d | 16 | (d·(s − 32))·(q − 4) |
/// | q4_K | d, e, 12 scale bytes, 128 × two nibbles | 32 | (d·s)·q − (e·n) |
/// | q5_K | d, e, 12 scale bytes, 32 × high bits, 128 × two nibbles | 32 | (d·s)·q − (e·n) |
/// | q6_K | 128 × two nibbles, 64 × four pairs of high bits, 16 × int8 s, d | 16 | (d·s)·(q − 32) |
///
/// Bytes hold elements that lie 32 apart: byte j of the high bits of q3_K and q5_K has bit i of element 32·i + j.
final class Blocks256 {
    private Blocks256() {
    }

    static void q3(long block, float[] to, int at) {
        float d = half(block + 108);
        for (int group = 0; group < 16; group++) {
            float scale = d * (scale3(block + 96, group) - 32);
            int shift = group / 2 % 4 * 2;
            long low = block + 32 + group / 8 * 32 + group % 2 * 16;
            long high = block + group % 2 * 16;
            for (int j = 0; j < 16; j++) {
                int q = (Memory.i8(low + j) >>> shift & 3) | (Memory.i8(high + j) >>> group / 2 & 1) << 2;
                to[at + 16 * group + j] = scale * (q - 4);
            }
        }
    }

    /// Six bits: four from a nibble of the first eight bytes, two from the last four.
    private static int scale3(long scales, int group) {
        int low = Memory.i8(scales + group % 8) >>> group / 8 * 4 & 15;
        int high = Memory.i8(scales + 8 + group % 4) >>> group / 4 * 2 & 3;
        return low | high << 4;
    }

    static void q4(long block, float[] to, int at) {
        for (int group = 0; group < 8; group++) {
            float scale = half(block) * scale(block + 4, group);
            float min = half(block + 2) * minimum(block + 4, group);
            long low = block + 16 + group / 2 * 32;
            for (int j = 0; j < 32; j++) {
                to[at + 32 * group + j] = scale * (Memory.i8(low + j) >>> group % 2 * 4 & 15) - min;
            }
        }
    }

    static void q5(long block, float[] to, int at) {
        for (int group = 0; group < 8; group++) {
            float scale = half(block) * scale(block + 4, group);
            float min = half(block + 2) * minimum(block + 4, group);
            long low = block + 48 + group / 2 * 32;
            for (int j = 0; j < 32; j++) {
                int q = (Memory.i8(low + j) >>> group % 2 * 4 & 15) | (Memory.i8(block + 16 + j) >>> group & 1) << 4;
                to[at + 32 * group + j] = scale * q - min;
            }
        }
    }

    /// Six bits: groups 0 to 3 in the first four bytes; of groups 4 to 7 four bits in the last four, two atop the first.
    private static int scale(long scales, int group) {
        return group < 4 ? Memory.i8(scales + group) & 63
                : Memory.i8(scales + group + 4) & 15 | (Memory.i8(scales + group - 4) >>> 6 & 3) << 4;
    }

    /// As the scales, in the middle four bytes, the upper nibbles of the last four and atop the middle.
    private static int minimum(long scales, int group) {
        return group < 4 ? Memory.i8(scales + group + 4) & 63
                : Memory.i8(scales + group + 4) >>> 4 & 15 | (Memory.i8(scales + group) >>> 6 & 3) << 4;
    }

    static void q6(long block, float[] to, int at) {
        float d = half(block + 208);
        for (int group = 0; group < 16; group++) {
            float scale = d * Memory.i8(block + 192 + group);
            int half = group / 8;
            int quarter = group / 2 % 4;
            long low = block + 64 * half + quarter % 2 * 32 + group % 2 * 16;
            long high = block + 128 + 32 * half + group % 2 * 16;
            for (int j = 0; j < 16; j++) {
                int q = (Memory.i8(low + j) >>> quarter / 2 * 4 & 15) | (Memory.i8(high + j) >>> quarter * 2 & 3) << 4;
                to[at + 16 * group + j] = scale * (q - 32);
            }
        }
    }
}
