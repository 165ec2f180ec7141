package dev.heddle.checkpoint.quantize;

/// Blocks of 32 numbers with one scale: x ≈ d·q.
///
/// `Q8_0`: d = max|x|/127, q rounded to a signed byte. `Q4_0` and `Q5_0`: d = m/−8 and m/−16, where m is the number of the
/// largest magnitude *with its sign*, so that it meets the end of the range exactly; q + 8 and q + 16 are stored.
enum SymmetricBlocks implements BlockEncoder {
    Q8_0(34) {
        @Override
        void block(float[] x, int from, byte[] to, int at) {
            float largest = 0;
            for (int i = 0; i < SIZE; i++) {
                largest = Math.max(largest, Math.abs(x[from + i]));
            }
            float scale = largest / 127;
            float inverse = scale == 0 ? 0 : 1 / scale;
            Bits.half(to, at, scale);
            for (int i = 0; i < SIZE; i++) {
                to[at + 2 + i] = (byte) Bits.nearestAway(x[from + i] * inverse);
            }
        }
    },
    Q4_0(18) {
        @Override
        void block(float[] x, int from, byte[] to, int at) {
            float scale = largest(x, from) / -8;
            float inverse = scale == 0 ? 0 : 1 / scale;
            Bits.half(to, at, scale);
            for (int i = 0; i < SIZE / 2; i++) {
                int low = Math.min(15, (int) (x[from + i] * inverse + 8.5f));
                int high = Math.min(15, (int) (x[from + SIZE / 2 + i] * inverse + 8.5f));
                to[at + 2 + i] = (byte) (low | high << 4);
            }
        }
    },
    Q5_0(22) {
        @Override
        void block(float[] x, int from, byte[] to, int at) {
            float scale = largest(x, from) / -16;
            float inverse = scale == 0 ? 0 : 1 / scale;
            Bits.half(to, at, scale);
            int fifth = 0;
            for (int i = 0; i < SIZE / 2; i++) {
                int low = Math.min(31, (int) (x[from + i] * inverse + 16.5f));
                int high = Math.min(31, (int) (x[from + SIZE / 2 + i] * inverse + 16.5f));
                to[at + 6 + i] = (byte) (low & 15 | (high & 15) << 4);
                fifth |= low >> 4 << i | high >> 4 << SIZE / 2 + i;
            }
            Bits.int32(to, at + 2, fifth);
        }
    };

    private static final int SIZE = 32;

    private final int bytes;

    SymmetricBlocks(int bytes) {
        this.bytes = bytes;
    }

    abstract void block(float[] x, int from, byte[] to, int at);

    @Override
    public int elements() {
        return SIZE;
    }

    @Override
    public int bytes() {
        return bytes;
    }

    @Override
    public void encode(float[] x, int from, int blocks, byte[] to, int at) {
        for (int i = 0; i < blocks; i++) {
            block(x, from + i * SIZE, to, at + i * bytes);
        }
    }

    /// The first number of the largest magnitude.
    private static float largest(float[] x, int from) {
        float size = 0;
        float largest = 0;
        for (int i = 0; i < SIZE; i++) {
            float value = x[from + i];
            if (size < Math.abs(value)) {
                size = Math.abs(value);
                largest = value;
            }
        }
        return largest;
    }
}
