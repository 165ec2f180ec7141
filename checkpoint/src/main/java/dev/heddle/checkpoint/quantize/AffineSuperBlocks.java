package dev.heddle.checkpoint.quantize;

import java.util.Arrays;

/// Super-blocks of 256 numbers, `Q4_K` and `Q5_K`: x ≈ d·s·q − dmin·m in each sub-block of 32, where the scales s and offsets
/// m have six bits and d and dmin are half-precision numbers of the super-block.
///
/// A sub-block's scale and offset are the least-squares fit of the numbers to integers, weighted by √(mean x²) + |x|: for
/// several guesses of the scale the numbers are rounded, the best scale and offset for these integers follow from the
/// normal equations, and the guess with the least weighted error wins.
enum AffineSuperBlocks implements BlockEncoder {
    Q4_K(144, 15, -1, 20) {
        @Override
        void pack(int[] quants, byte[] to, int at) {
            for (int i = 0; i < SIZE; i += 64) {
                for (int j = 0; j < 32; j++) {
                    to[at + 16 + i / 2 + j] = (byte) (quants[i + j] | quants[i + 32 + j] << 4);
                }
            }
        }
    },
    Q5_K(176, 31, -0.5f, 15) {
        @Override
        void pack(int[] quants, byte[] to, int at) {
            for (int j = 0; j < 32; j++) {
                int fifth = 0;
                for (int i = 0; i < 8; i++) {
                    fifth |= quants[32 * i + j] >> 4 << i;
                }
                to[at + 16 + j] = (byte) fifth;
            }
            for (int i = 0; i < SIZE; i += 64) {
                for (int j = 0; j < 32; j++) {
                    to[at + 48 + i / 2 + j] = (byte) (quants[i + j] & 15 | (quants[i + 32 + j] & 15) << 4);
                }
            }
        }
    };

    private static final int SIZE = 256;
    private static final int SUB = 32;
    private static final int SUBS = SIZE / SUB;

    private final int bytes;
    private final int most;
    private final float firstGuess;
    private final int guesses;

    AffineSuperBlocks(int bytes, int most, float firstGuess, int guesses) {
        this.bytes = bytes;
        this.most = most;
        this.firstGuess = firstGuess;
        this.guesses = guesses;
    }

    /// @param at start of the super-block, whose d, dmin and 6-bit numbers take 16 bytes
    abstract void pack(int[] quants, byte[] to, int at);

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
        int[] quants = new int[SIZE];
        float[] weights = new float[SUB];
        float[] scales = new float[SUBS];
        float[] offsets = new float[SUBS];
        AffineFit fit = new AffineFit(SUB, most, firstGuess, guesses);
        for (int i = 0; i < blocks; i++) {
            int first = from + i * SIZE;
            for (int j = 0; j < SUBS; j++) {
                weigh(x, first + j * SUB, weights);
                scales[j] = fit.fit(x, first + j * SUB, weights, quants, j * SUB);
                offsets[j] = fit.offset();
            }
            superBlock(x, first, scales, offsets, quants, to, at + i * bytes);
        }
    }

    private static void weigh(float[] x, int from, float[] weights) {
        float squares = 0;
        for (int i = 0; i < SUB; i++) {
            squares += x[from + i] * x[from + i];
        }
        float mean = (float) Math.sqrt(squares / SUB);
        for (int i = 0; i < SUB; i++) {
            weights[i] = mean + Math.abs(x[from + i]);
        }
    }

    private void superBlock(float[] x, int from, float[] scales, float[] offsets, int[] quants, byte[] to, int at) {
        float scale = 0;
        float offset = 0;
        for (int j = 0; j < SUBS; j++) {
            scale = Math.max(scale, scales[j]);
            offset = Math.max(offset, offsets[j]);
        }
        float perScale = scale > 0 ? 63 / scale : 0;
        float perOffset = offset > 0 ? 63 / offset : 0;
        Bits.half(to, at, scale / 63);
        Bits.half(to, at + 2, offset / 63);
        float d = Bits.asHalf(scale / 63);
        float dmin = Bits.asHalf(offset / 63);
        Arrays.fill(to, at + 4, at + 16, (byte) 0);
        for (int j = 0; j < SUBS; j++) {
            int s = Math.min(63, Bits.nearestEven(perScale * scales[j]) & 0xff);
            int m = Math.min(63, Bits.nearestEven(perOffset * offsets[j]) & 0xff);
            sixBits(to, at + 4, j, s, m);
            float step = d * s;
            if (step != 0) {
                float below = dmin * m;
                for (int i = j * SUB; i < (j + 1) * SUB; i++) {
                    quants[i] = Math.clamp(Bits.nearestEven((x[from + i] + below) / step), 0, most);
                }
            }
        }
        pack(quants, to, at);
    }

    /// Sub-blocks 0 to 3 have six bits of bytes 0 to 3 (scale) and 4 to 7 (offset); of 4 to 7, the low four bits share
    /// bytes 8 to 11 and the high two fill up the first eight.
    private static void sixBits(byte[] to, int at, int sub, int scale, int offset) {
        if (sub < 4) {
            to[at + sub] |= (byte) scale;
            to[at + 4 + sub] |= (byte) offset;
        } else {
            to[at + 4 + sub] = (byte) (scale & 15 | (offset & 15) << 4);
            to[at + sub - 4] |= (byte) (scale >> 4 << 6);
            to[at + sub] |= (byte) (offset >> 4 << 6);
        }
    }
}
