package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// How much of each position is left at each later one, within a block of up to [#BLOCK] rows: products of decays
/// α[t] between 0 and 1. Rows of products are multiplied by the next α, so that no exponent is ever positive and
/// nothing is the difference of two sums.
final class Decays {
    /// Rows of a block: enough to read a state seldom, few enough for products between positions to cost little.
    static final int BLOCK = 32;

    /// Bytes of one number for each row of a block.
    static final long ROW = 4L * BLOCK;

    private static final long VECTOR = 4L * Lanes.COUNT;

    static final float LOG2_E = 1.44269504f;

    /// Adding this rounds a float below 2²² to an integer, which then lies in the low bits of the sum.
    static final float ROUND = 0x1.8p23f;

    /// Bits of [#ROUND] − 126.
    static final int LEAST = Float.floatToRawIntBits(ROUND) - 126;

    // (2^r − 1)/r on ±1/2
    static final float C1 = 0x1.62e430p-1f;
    static final float C2 = 0x1.ebfbdcp-3f;
    static final float C3 = 0x1.c6aee8p-5f;
    static final float C4 = 0x1.3b2d4cp-7f;
    static final float C5 = 0x1.5f3e54p-10f;
    static final float C6 = 0x1.41fbbcp-13f;

    private Decays() {
    }

    /// α[t] = e^x with x = δ[t]·a ≤ 0, for two neighbouring states of as many channels as there are lanes.
    ///
    /// e^x = 2ⁿ·2^r, |r| ≤ 1/2, 2^r = 1 + r·(a minimax polynomial), so that decays close to 1 are as exact as they can
    /// be: within 1 ulp beside what rounding x costs. Not less than about 2⁻¹²⁶, where nothing of a state is left anyway.
    ///
    /// Spelt out and long, so that it stays a method of its own: where the compiler has inlined a lot it leaves calls such as
    /// [VectorMath#exp(FloatVector)] calls, and makes objects of their vectors.
    ///
    /// @param alpha  decays of the first state, a vector a row; those of the second lie `second` bytes further
    /// @param delta  time steps, a vector a row
    /// @param rates  a of the first state, then of the second
    static void exp(long alpha, long second, long delta, long rates, int rows) {
        FloatVector a = FloatVector.fromMemorySegment(F, ALL, rates, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(F, ALL, rates + VECTOR, ORDER);
        for (int t = 0; t < rows; t++) {
            FloatVector d = FloatVector.fromMemorySegment(F, ALL, delta + t * VECTOR, ORDER);
            FloatVector x = d.mul(a);
            FloatVector y = d.mul(b);
            FloatVector m = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
            FloatVector n = y.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
            x = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND).sub(m));
            y = y.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND).sub(n));
            FloatVector p = x.fma(FloatVector.broadcast(F, C6), FloatVector.broadcast(F, C5));
            FloatVector q = y.fma(FloatVector.broadcast(F, C6), FloatVector.broadcast(F, C5));
            p = p.fma(x, FloatVector.broadcast(F, C4));
            q = q.fma(y, FloatVector.broadcast(F, C4));
            p = p.fma(x, FloatVector.broadcast(F, C3));
            q = q.fma(y, FloatVector.broadcast(F, C3));
            p = p.fma(x, FloatVector.broadcast(F, C2));
            q = q.fma(y, FloatVector.broadcast(F, C2));
            p = p.fma(x, FloatVector.broadcast(F, C1));
            q = q.fma(y, FloatVector.broadcast(F, C1));
            p = p.fma(x, FloatVector.broadcast(F, 1));
            q = q.fma(y, FloatVector.broadcast(F, 1));
            IntVector power = m.reinterpretAsInts().max(LEAST).lanewise(VectorOperators.LSHL, 23);
            p.reinterpretAsInts().add(power).reinterpretAsFloats().intoMemorySegment(ALL, alpha + t * VECTOR, ORDER);
            power = n.reinterpretAsInts().max(LEAST).lanewise(VectorOperators.LSHL, 23);
            q.reinterpretAsInts().add(power).reinterpretAsFloats().intoMemorySegment(ALL, alpha + second + t * VECTOR, ORDER);
        }
    }

    /// The same for one state.
    static void exp(long alpha, long delta, long rates, int rows) {
        FloatVector a = FloatVector.fromMemorySegment(F, ALL, rates, ORDER);
        for (int t = 0; t < rows; t++) {
            FloatVector.fromMemorySegment(F, ALL, delta + t * VECTOR, ORDER).mul(a)
                    .intoMemorySegment(ALL, alpha + t * VECTOR, ORDER);
        }
        exp(alpha, alpha, rows * Lanes.COUNT);
    }

    /// α = e^g of `count` numbers g ≤ 0, and what follows up to a whole vector; α may be the memory of g.
    static void exp(long alpha, long g, int count) {
        for (int i = 0; i < count; i += Lanes.COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, g + 4L * i, ORDER);
            FloatVector m = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
            x = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND).sub(m));
            FloatVector p = x.fma(FloatVector.broadcast(F, C6), FloatVector.broadcast(F, C5));
            p = p.fma(x, FloatVector.broadcast(F, C4));
            p = p.fma(x, FloatVector.broadcast(F, C3));
            p = p.fma(x, FloatVector.broadcast(F, C2));
            p = p.fma(x, FloatVector.broadcast(F, C1));
            p = p.fma(x, FloatVector.broadcast(F, 1));
            IntVector power = m.reinterpretAsInts().max(LEAST).lanewise(VectorOperators.LSHL, 23);
            p.reinterpretAsInts().add(power).reinterpretAsFloats().intoMemorySegment(ALL, alpha + 4L * i, ORDER);
        }
    }

    /// e^g − 1 of `count` numbers g ≤ 0, and what follows up to a whole vector, in place: near zero from the polynomial of
    /// (2^r − 1)/r itself, without cancellation.
    static void expMinusOne(long g, int count, long scratch) {
        exp(scratch, g, count);
        for (int i = 0; i < count; i += Lanes.COUNT) {
            FloatVector r = FloatVector.fromMemorySegment(F, ALL, g + 4L * i, ORDER).mul(LOG2_E);
            FloatVector p = r.fma(FloatVector.broadcast(F, C6), FloatVector.broadcast(F, C5));
            p = p.fma(r, FloatVector.broadcast(F, C4));
            p = p.fma(r, FloatVector.broadcast(F, C3));
            p = p.fma(r, FloatVector.broadcast(F, C2));
            p = p.fma(r, FloatVector.broadcast(F, C1)).mul(r);
            FloatVector whole = FloatVector.fromMemorySegment(F, ALL, scratch + 4L * i, ORDER).sub(1f);
            whole.blend(p, r.compare(VectorOperators.GT, -0.5f)).intoMemorySegment(ALL, g + 4L * i, ORDER);
        }
    }

    /// @param alpha   [rows], decays
    /// @param start   α[0]·…·α[t], [rows]
    /// @param between α[s+1]·…·α[t] at (t, s), zero for s > t; [rows, BLOCK]
    static void compute(long alpha, int rows, long start, long between) {
        for (int s = 0; s < BLOCK; s += Lanes.COUNT) {
            FloatVector.zero(F).intoMemorySegment(ALL, between + 4L * s, ORDER);
        }
        Memory.f32(start, Memory.f32(alpha));
        Memory.f32(between, 1);
        for (int t = 1; t < rows; t++) {
            float a = Memory.f32(alpha + 4L * t);
            Memory.f32(start + 4L * t, Memory.f32(start + 4L * (t - 1)) * a);
            long row = between + t * ROW;
            for (int s = 0; s < BLOCK; s += Lanes.COUNT) {
                FloatVector.fromMemorySegment(F, ALL, row - ROW + 4L * s, ORDER).mul(a).intoMemorySegment(ALL, row + 4L * s, ORDER);
            }
            Memory.f32(row + 4L * t, 1);
        }
    }

    /// The same where every decay is e^`logDecay`, each product rounded once, so that a decay close to 1 loses nothing along
    /// the block.
    static void powers(double logDecay, long start, long between) {
        for (int t = 0; t < BLOCK; t++) {
            Memory.f32(start + 4L * t, (float) Math.exp((t + 1) * logDecay));
            for (int s = 0; s < BLOCK; s++) {
                Memory.f32(between + t * ROW + 4L * s, s < t ? Memory.f32(start + 4L * (t - s - 1)) : s == t ? 1 : 0);
            }
        }
    }

    /// to[s] = between[s]·scores[s] for s ≤ t, zero for later s, whose scores may be anything.
    static void weigh(long to, long between, long scores, int t) {
        for (int s = 0; s < BLOCK; s += Lanes.COUNT) {
            FloatVector score = FloatVector.fromMemorySegment(F, ALL, scores + 4L * s, ORDER);
            FloatVector.fromMemorySegment(F, ALL, between + 4L * s, ORDER)
                    .lanewise(VectorOperators.MUL, score, F.indexInRange(0, t + 1 - s)).intoMemorySegment(ALL, to + 4L * s, ORDER);
        }
    }
}
