package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// How much of each position is left at each later one, within a block of up to [#BLOCK] rows: products of decays
/// α[t] between 0 and 1. Rows of products are multiplied by the next α, so that no exponent is ever positive and
/// nothing is the difference of two sums.
final class Decays {
    /// Rows of a block: enough to read a state seldom, few enough for products between positions to cost little.
    static final int BLOCK = 32;

    /// Bytes of one number for each row of a block.
    static final long ROW = 4L * BLOCK;

    private static final float LOG2_E = 1.44269504f;

    /// Adding this rounds a float below 2²² to an integer, which then lies in the low bits of the sum.
    private static final float ROUND = 0x1.8p23f;

    /// Bits of [#ROUND] − 126.
    private static final int LEAST = Float.floatToRawIntBits(ROUND) - 126;

    private Decays() {
    }

    /// eˣ for finite x ≤ 0, a decay, within 1 ulp plus what rounding x costs: 2ⁿ·2^r, |r| ≤ 1/2, 2^r = 1 + r·(a
    /// minimax polynomial), so that decays close to 1 are as exact as they can be. Not less than about 2⁻¹²⁶, where
    /// nothing of a state is left anyway; this leaves out the steps that [VectorMath#exp] needs for other arguments.
    static FloatVector exp(FloatVector x) {
        FloatVector m = x.fma(Lanes.of(LOG2_E), Lanes.of(ROUND));
        FloatVector r = x.fma(Lanes.of(LOG2_E), Lanes.of(ROUND).sub(m));
        FloatVector p = r.fma(Lanes.of(0x1.41fbbcp-13f), Lanes.of(0x1.5f3e54p-10f));
        p = p.fma(r, Lanes.of(0x1.3b2d4cp-7f));
        p = p.fma(r, Lanes.of(0x1.c6aee8p-5f));
        p = p.fma(r, Lanes.of(0x1.ebfbdcp-3f));
        p = p.fma(r, Lanes.of(0x1.62e430p-1f));
        p = p.fma(r, Lanes.of(1));
        return p.reinterpretAsInts().add(m.reinterpretAsInts().max(LEAST).lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats();
    }

    /// @param alpha   [rows], decays
    /// @param start   α[0]·…·α[t], [rows]
    /// @param between α[s+1]·…·α[t] at (t, s), zero for s > t; [rows, BLOCK]
    static void compute(long alpha, int rows, long start, long between) {
        for (int s = 0; s < BLOCK; s += Lanes.COUNT) {
            store(Lanes.zero(), between + 4L * s);
        }
        Memory.f32(start, Memory.f32(alpha));
        Memory.f32(between, 1);
        for (int t = 1; t < rows; t++) {
            float a = Memory.f32(alpha + 4L * t);
            Memory.f32(start + 4L * t, Memory.f32(start + 4L * (t - 1)) * a);
            long row = between + t * ROW;
            for (int s = 0; s < BLOCK; s += Lanes.COUNT) {
                store(load(row - ROW + 4L * s).mul(a), row + 4L * s);
            }
            Memory.f32(row + 4L * t, 1);
        }
    }

    /// to[s] = between[s]·scores[s] for s ≤ t, zero for later s, whose scores may be anything.
    static void weigh(long to, long between, long scores, int t) {
        for (int s = 0; s < BLOCK; s += Lanes.COUNT) {
            store(load(between + 4L * s).lanewise(VectorOperators.MUL, load(scores + 4L * s), Lanes.first(t + 1 - s)),
                    to + 4L * s);
        }
    }
}
