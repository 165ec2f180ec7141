package dev.heddle.checkpoint.quantize;

import java.util.Arrays;

/// Super-blocks of 256 numbers, `Q3_K`: x ≈ d·s·q in each sub-block of 16, where s has six bits with its sign, q is −4 to 3 and
/// d a half-precision number of the super-block.
///
/// A sub-block's integers begin as x divided by −m/4, m being the number of the largest magnitude, and are improved one by
/// one as long as that lessens Σ x²·(s·q − x)², s being the best scale for the integers.
final class Q3SuperBlocks implements BlockEncoder {
    private static final int SIZE = 256;
    private static final int SUB = 16;
    private static final int SUBS = SIZE / SUB;
    private static final int HALF = 4;
    private static final int ROUNDS = 5;
    private static final float NOTHING = 1e-15f;

    @Override
    public int elements() {
        return SIZE;
    }

    @Override
    public int bytes() {
        return 110;
    }

    @Override
    public void encode(float[] x, int from, int blocks, byte[] to, int at) {
        int[] quants = new int[SIZE];
        float[] scales = new float[SUBS];
        for (int i = 0; i < blocks; i++) {
            int first = from + i * SIZE;
            int start = at + i * bytes();
            Arrays.fill(to, start, start + bytes(), (byte) 0);
            float largest = 0;
            for (int j = 0; j < SUBS; j++) {
                scales[j] = fit(x, first + j * SUB, quants, j * SUB);
                largest = Math.abs(scales[j]) > Math.abs(largest) ? scales[j] : largest;
            }
            if (largest != 0) {
                scaled(x, first, -32 / largest, scales, quants, to, start);
            }
            pack(quants, to, start);
        }
    }

    /// @return the scale; `quants` receives q + 4
    private static float fit(float[] x, int from, int[] quants, int at) {
        float largest = 0;
        for (int i = 0; i < SUB; i++) {
            largest = Math.abs(x[from + i]) > Math.abs(largest) ? x[from + i] : largest;
        }
        if (Math.abs(largest) < NOTHING) {
            Arrays.fill(quants, at, at + SUB, 0);
            return 0;
        }
        float inverse = -HALF / largest;
        float sumXq = 0;
        float sumQq = 0;
        for (int i = 0; i < SUB; i++) {
            float value = x[from + i];
            int q = Math.clamp(Bits.nearestEven(inverse * value), -HALF, HALF - 1);
            quants[at + i] = q;
            sumXq += value * value * value * q;
            sumQq += value * value * q * q;
        }
        boolean changed = true;
        for (int round = 0; round < ROUNDS && changed; round++) {
            changed = false;
            for (int i = 0; i < SUB; i++) {
                float value = x[from + i];
                float weight = value * value;
                int old = quants[at + i];
                float xq = sumXq - weight * value * old;
                if (xq > 0) {
                    float qq = sumQq - weight * old * old;
                    int q = Math.clamp(Bits.nearestEven(value * qq / xq), -HALF, HALF - 1);
                    xq += weight * value * q;
                    qq += weight * q * q;
                    if (q != old && qq > 0 && xq * xq * sumQq > sumXq * sumXq * qq) {
                        quants[at + i] = q;
                        sumXq = xq;
                        sumQq = qq;
                        changed = true;
                    }
                }
            }
        }
        for (int i = 0; i < SUB; i++) {
            quants[at + i] += HALF;
        }
        return sumQq > 0 ? sumXq / sumQq : 0;
    }

    /// Rounds the scales to six bits and the numbers anew to what these scales give.
    private static void scaled(float[] x, int from, float perScale, float[] scales, int[] quants, byte[] to, int at) {
        Bits.half(to, at + 108, 1 / perScale);
        float d = Bits.asHalf(1 / perScale);
        for (int j = 0; j < SUBS; j++) {
            int scale = Math.clamp(Bits.nearestEven(perScale * scales[j]), -32, 31);
            int stored = scale + 32;
            to[at + 96 + j % 8] |= (byte) ((stored & 15) << (j < 8 ? 0 : 4));
            to[at + 104 + j % 4] |= (byte) (stored >> 4 << 2 * (j / 4));
            float step = d * scale;
            if (step != 0) {
                for (int i = j * SUB; i < (j + 1) * SUB; i++) {
                    quants[i] = Math.clamp(Bits.nearestEven(x[from + i] / step), -HALF, HALF - 1) + HALF;
                }
            }
        }
    }

    /// The third bits come first, bit i/32 of byte i mod 32; then the low two, four numbers 32 apart in a byte.
    private static void pack(int[] quants, byte[] to, int at) {
        for (int i = 0; i < SIZE; i++) {
            to[at + i % 32] |= (byte) (quants[i] >> 2 << i / 32);
            to[at + 32 + i / 128 * 32 + i % 32] |= (byte) ((quants[i] & 3) << 2 * (i / 32 % 4));
        }
    }
}
