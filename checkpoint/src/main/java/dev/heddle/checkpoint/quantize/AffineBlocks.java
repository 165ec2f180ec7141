package dev.heddle.checkpoint.quantize;

/// Blocks of 32 numbers with a scale and a least value: x ≈ d·q + m, where m = min x and d = (max x − min x)/(2ⁿ − 1).
enum AffineBlocks implements BlockEncoder {
    Q4_1(20) {
        @Override
        void block(float[] x, int from, float least, float inverse, byte[] to, int at) {
            for (int i = 0; i < SIZE / 2; i++) {
                int low = Math.min(15, (int) ((x[from + i] - least) * inverse + 0.5f));
                int high = Math.min(15, (int) ((x[from + SIZE / 2 + i] - least) * inverse + 0.5f));
                to[at + 4 + i] = (byte) (low | high << 4);
            }
        }
    },
    Q5_1(24) {
        @Override
        void block(float[] x, int from, float least, float inverse, byte[] to, int at) {
            int fifth = 0;
            for (int i = 0; i < SIZE / 2; i++) {
                int low = (int) ((x[from + i] - least) * inverse + 0.5f);
                int high = (int) ((x[from + SIZE / 2 + i] - least) * inverse + 0.5f);
                to[at + 8 + i] = (byte) (low & 15 | (high & 15) << 4);
                fifth |= low >> 4 << i | high >> 4 << SIZE / 2 + i;
            }
            Bits.int32(to, at + 4, fifth);
        }
    };

    private static final int SIZE = 32;

    private final int bytes;

    AffineBlocks(int bytes) {
        this.bytes = bytes;
    }

    abstract void block(float[] x, int from, float least, float inverse, byte[] to, int at);

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
        int steps = this == Q4_1 ? 15 : 31;
        for (int i = 0; i < blocks; i++) {
            int first = from + i * SIZE;
            int start = at + i * bytes;
            float least = Float.POSITIVE_INFINITY;
            float most = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < SIZE; j++) {
                least = Math.min(least, x[first + j]);
                most = Math.max(most, x[first + j]);
            }
            float scale = (most - least) / steps;
            Bits.half(to, start, scale);
            Bits.half(to, start + 2, least);
            block(x, first, least, scale == 0 ? 0 : 1 / scale, to, start);
        }
    }
}
