package dev.heddle.checkpoint.quantize;

import dev.heddle.core.tensor.Memory;

/// Floating-point numbers one by one, rounded to nearest even.
enum FloatEncoder implements BlockEncoder {
    F32(4) {
        @Override
        public void encode(float[] x, int from, int blocks, byte[] to, int at) {
            for (int i = 0; i < blocks; i++) {
                Bits.int32(to, at + 4 * i, Float.floatToRawIntBits(x[from + i]));
            }
        }
    },
    F16(2) {
        @Override
        public void encode(float[] x, int from, int blocks, byte[] to, int at) {
            for (int i = 0; i < blocks; i++) {
                Bits.half(to, at + 2 * i, x[from + i]);
            }
        }
    },
    BF16(2) {
        @Override
        public void encode(float[] x, int from, int blocks, byte[] to, int at) {
            for (int i = 0; i < blocks; i++) {
                Bits.int16(to, at + 2 * i, Memory.toBfloat16(x[from + i]));
            }
        }
    };

    private final int bytes;

    FloatEncoder(int bytes) {
        this.bytes = bytes;
    }

    @Override
    public int elements() {
        return 1;
    }

    @Override
    public int bytes() {
        return bytes;
    }
}
