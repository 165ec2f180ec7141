package dev.heddle.train.data;

/// A pseudo-random order of 0 … n−1 that needs no memory: a four-round Feistel network over the smallest even number of
/// bits that holds n, walked until it lands below n (Black & Rogaway 2002, "Ciphers with Arbitrary Finite Domains").
public final class Permutation {
    private final long size;
    private final long seed;
    private final int half;
    private final long mask;

    public Permutation(long size, long seed) {
        this.size = size;
        this.seed = seed;
        int bits = Math.max(2, 64 - Long.numberOfLeadingZeros(Math.max(0, size - 1)));
        half = (bits + 1) / 2;
        mask = (1L << half) - 1;
    }

    /// What stands at place `index`.
    public long at(long index) {
        long x = index;
        do {
            x = encrypt(x);
        } while (x >= size);
        return x;
    }

    private long encrypt(long x) {
        long left = x >>> half;
        long right = x & mask;
        for (int round = 0; round < 4; round++) {
            long next = left ^ (mix(right ^ seed ^ ((long) round << 56)) & mask);
            left = right;
            right = next;
        }
        return left << half | right;
    }

    /// The finaliser of SplitMix64 (Steele et al. 2014).
    public static long mix(long x) {
        long z = x + 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
