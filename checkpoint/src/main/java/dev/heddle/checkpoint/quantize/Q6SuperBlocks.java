package dev.heddle.checkpoint.quantize;

import java.util.Arrays;

/// Super-blocks of 256 numbers, `Q6_K`: x ≈ d·s·q in each sub-block of 16, where s is a signed byte, q is −32 to 31 and d a
/// half-precision number of the super-block.
///
/// A sub-block's scale is the best of 19 guesses about −m/32, m being the number of the largest magnitude: the numbers are
/// rounded with the guess, and the scale Σ x²·x·q / Σ x²·q² that is best for these integers takes its place.
final class Q6SuperBlocks implements BlockEncoder {
    private static final int SIZE = 256;
    private static final int SUB = 16;
    private static final int SUBS = SIZE / SUB;
    private static final int HALF = 32;
    private static final float NOTHING = 1e-15f;

    @Override
    public int elements() {
        return SIZE;
    }

    @Override
    public int bytes() {
        return 210;
    }

    @Override
    public void encode(float[] x, int from, int blocks, byte[] to, int at) {
        int[] quants = new int[SIZE];
        float[] scales = new float[SUBS];
        for (int i = 0; i < blocks; i++) {
            int first = from + i * SIZE;
            int start = at + i * bytes();
            float largest = 0;
            for (int j = 0; j < SUBS; j++) {
                scales[j] = fit(x, first + j * SUB, quants, j * SUB);
                largest = Math.abs(scales[j]) > Math.abs(largest) ? scales[j] : largest;
            }
            Arrays.fill(to, start, start + bytes(), (byte) 0);
            if (Math.abs(largest) >= NOTHING) {
                scaled(x, first, -128 / largest, scales, quants, to, start);
                pack(quants, to, start);
            }
        }
    }

    /// @return the scale; `quants` receives q + 32
    private static float fit(float[] x, int from, int[] quants, int at) {
        float largest = 0;
        for (int i = 0; i < SUB; i++) {
            largest = Math.abs(x[from + i]) > Math.abs(largest) ? x[from + i] : largest;
        }
        if (Math.abs(largest) < NOTHING) {
            Arrays.fill(quants, at, at + SUB, 0);
            return 0;
        }
        float bestInverse = -HALF / largest;
        float scale = 0;
        float best = 0;
        for (int guess = -10; guess <= 9; guess++) {
            // the plain scale first, then those around it
            if (guess != 0) {
                float inverse = guess == -10 ? -HALF / largest : -(HALF + 0.1f * guess) / largest;
                float sumXq = 0;
                float sumQq = 0;
                for (int i = 0; i < SUB; i++) {
                    float value = x[from + i];
                    int q = Math.clamp(Bits.nearestEven(inverse * value), -HALF, HALF - 1);
                    float weight = value * value;
                    sumXq += weight * value * q;
                    sumQq += weight * q * q;
                }
                if (guess == -10) {
                    scale = sumQq == 0 ? 0 : sumXq / sumQq;
                    best = scale * sumXq;
                } else if (sumQq > 0 && sumXq * sumXq > best * sumQq) {
                    scale = sumXq / sumQq;
                    best = scale * sumXq;
                    bestInverse = inverse;
                }
            }
        }
        for (int i = 0; i < SUB; i++) {
            quants[at + i] = Math.clamp(Bits.nearestEven(bestInverse * x[from + i]), -HALF, HALF - 1) + HALF;
        }
        return scale;
    }

    /// Rounds the scales to a byte and the numbers anew to what these scales give.
    private static void scaled(float[] x, int from, float perScale, float[] scales, int[] quants, byte[] to, int at) {
        Bits.half(to, at + 208, 1 / perScale);
        float d = Bits.asHalf(1 / perScale);
        for (int j = 0; j < SUBS; j++) {
            byte scale = (byte) Math.min(127, Bits.nearestEven(perScale * scales[j]));
            to[at + 192 + j] = scale;
            float step = d * scale;
            if (step != 0) {
                for (int i = j * SUB; i < (j + 1) * SUB; i++) {
                    quants[i] = Math.clamp(Bits.nearestEven(x[from + i] / step), -HALF, HALF - 1) + HALF;
                }
            }
        }
    }

    /// Of each 128 numbers, two 64 apart share a byte with their low four bits, and four 32 apart one with their high two.
    private static void pack(int[] quants, byte[] to, int at) {
        for (int i = 0; i < SIZE; i++) {
            int half = i / 128;
            int quarter = i / 32 % 4;
            to[at + half * 64 + i % 64] |= (byte) ((quants[i] & 15) << (quarter < 2 ? 0 : 4));
            to[at + 128 + half * 32 + i % 32] |= (byte) (quants[i] >> 4 << 2 * quarter);
        }
    }
}
