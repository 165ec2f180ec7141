package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Memory;

/// The integers n of a row of blocks, a byte each, eight at a time.
final class BlockIntegers {
    private static final long NIBBLES = 0x0f0f0f0f0f0f0f0fL;
    private static final long PAIRS = 0x0303030303030303L;
    private static final long BITS = 0x0101010101010101L;

    private BlockIntegers() {
    }

    /// @param n elements, whole blocks
    static void read(PackedType type, long to, long from, int n) {
        switch (type) {
            case Q8_0 -> throw new IllegalArgumentException("bytes are packed as they are");
            case Q4_0 -> q4(to, from + 2, 18, n);
            case Q4_1 -> q4(to, from + 4, 20, n);
            case Q5_0 -> q5(to, from + 2, 22, n);
            case Q5_1 -> q5(to, from + 4, 24, n);
            case Q3_K -> k3(to, from, n);
            case Q4_K -> k4(to, from, n);
            case Q5_K -> k5(to, from, n);
            case Q6_K -> k6(to, from, n);
        }
    }

    private static void q4(long to, long from, long step, int n) {
        for (int i = 0; i < n; i += 32) {
            for (int j = 0; j < 16; j += 8) {
                long pairs = Memory.i64(from + j);
                Memory.i64(to + j, pairs & NIBBLES);
                Memory.i64(to + j + 16, pairs >>> 4 & NIBBLES);
            }
            from += step;
            to += 32;
        }
    }

    private static void q5(long to, long from, long step, int n) {
        for (int i = 0; i < n; i += 32) {
            long high = Memory.i32(from);
            for (int j = 0; j < 16; j += 8) {
                long pairs = Memory.i64(from + 4 + j);
                Memory.i64(to + j, pairs & NIBBLES | Long.expand(high >>> j, BITS << 4));
                Memory.i64(to + j + 16, pairs >>> 4 & NIBBLES | Long.expand(high >>> j + 16, BITS << 4));
            }
            from += step;
            to += 32;
        }
    }

    private static void k3(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            for (int j = 0; j < 256; j += 8) {
                long low = Memory.i64(from + 32 + j / 128 * 32 + j % 32) >>> j / 32 % 4 * 2 & PAIRS;
                long high = Memory.i64(from + j % 32) >>> j / 32 & BITS;
                Memory.i64(to + j, low | high << 2);
            }
            from += 110;
            to += 256;
        }
    }

    private static void k4(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            for (int j = 0; j < 256; j += 8) {
                Memory.i64(to + j, Memory.i64(from + 16 + j / 64 * 32 + j % 32) >>> j / 32 % 2 * 4 & NIBBLES);
            }
            from += 144;
            to += 256;
        }
    }

    private static void k5(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            for (int j = 0; j < 256; j += 8) {
                long low = Memory.i64(from + 48 + j / 64 * 32 + j % 32) >>> j / 32 % 2 * 4 & NIBBLES;
                long high = Memory.i64(from + 16 + j % 32) >>> j / 32 & BITS;
                Memory.i64(to + j, low | high << 4);
            }
            from += 176;
            to += 256;
        }
    }

    private static void k6(long to, long from, int n) {
        for (int i = 0; i < n; i += 256) {
            for (int j = 0; j < 256; j += 8) {
                long low = Memory.i64(from + j / 128 * 64 + j % 64) >>> j / 64 % 2 * 4 & NIBBLES;
                long high = Memory.i64(from + 128 + j / 128 * 32 + j % 32) >>> j / 32 % 4 * 2 & PAIRS;
                Memory.i64(to + j, low | high << 4);
            }
            from += 210;
            to += 256;
        }
    }
}
