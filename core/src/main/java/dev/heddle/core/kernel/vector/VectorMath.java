package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Transcendental functions of whole vectors, as fixed sequences of additions, multiplications, fused
/// multiply-adds and bit operations. Those are exact to the bit in the interpreter and in compiled code, which
/// `lanewise(EXP)` and its like are not.
///
/// The polynomials are minimax fits on the reduced intervals; each method says its error over all floats,
/// subnormal results included. Infinities and NaN give what `Math` gives. The forms that take and give a `float`
/// compute one lane of the vector form, so both have the same bits.
public final class VectorMath {
    static final float LOG2_E = 1.44269504f;
    static final float LN_2 = 0.693147182f;
    /// ln 2 minus [#LN_2].
    static final float LN_2_REST = -1.90465421e-9f;
    /// Adding this rounds a float below 2²² to an integer, which then lies in the low bits of the sum.
    static final float ROUND = 0x1.8p23f;
    static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);
    private static final int SIGN = 0x80000000;
    /// Bits of sqrt(1/2), where [#log] cuts the mantissa.
    private static final int HALF_ROOT = 0x3f3504f3;

    private VectorMath() {
    }

    /// eˣ, within 1 ulp: e^x = 2ⁿ·e^r, |r| ≤ ln 2 / 2. Scaling in two steps reaches subnormal results.
    public static FloatVector exp(FloatVector x) {
        FloatVector c = x.blend(89f, x.compare(VectorOperators.GT, 89f)).blend(-104f, x.compare(VectorOperators.LT, -104f));
        FloatVector t = c.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN_2), c);
        r = n.fma(FloatVector.broadcast(F, -LN_2_REST), r);
        FloatVector p = r.fma(FloatVector.broadcast(F, 0x1.6a4720p-10f), FloatVector.broadcast(F, 0x1.1239a0p-7f));
        p = p.fma(r, FloatVector.broadcast(F, 0x1.5558b6p-5f));
        p = p.fma(r, FloatVector.broadcast(F, 0x1.555492p-3f));
        p = p.fma(r, FloatVector.broadcast(F, 0x1.fffffcp-2f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        IntVector power = t.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = power.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(power.sub(half)));
    }

    /// 2ⁿ for −127 < n < 128.
    private static FloatVector powerOfTwo(IntVector n) {
        return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }

    /// ln x, within 1 ulp: x = 2ᵏ·(1 + f), ln(1 + f) as in [#log1pOf].
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> small = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
        IntVector bits = x.blend(x.mul(0x1p23f), small).reinterpretAsInts();
        IntVector k = bits.sub(HALF_ROOT).lanewise(VectorOperators.ASHR, 23);
        FloatVector f = bits.sub(k.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1f);
        FloatVector n = (FloatVector) k.convert(VectorOperators.I2F, 0);
        n = n.blend(n.sub(23f), small);
        FloatVector log = n.fma(FloatVector.broadcast(F, LN_2), log1pOf(f, n.mul(LN_2_REST)));
        log = log.blend(x, x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY));
        log = log.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0f));
        return log.blend(Float.NaN, x.compare(VectorOperators.GE, 0f).not());
    }

    /// ln(1 + f) + rest for sqrt(1/2) − 1 ≤ f ≤ 1: f − (f²/2 − (s·(f²/2 + R) + rest)), s = f/(2 + f),
    /// R = 2·(atanh(s)/s − 1), a polynomial in s².
    private static FloatVector log1pOf(FloatVector f, FloatVector rest) {
        FloatVector s = f.div(f.add(2f));
        FloatVector z = s.mul(s);
        FloatVector p = z.fma(FloatVector.broadcast(F, 0x1.f08af8p-4f), FloatVector.broadcast(F, 0x1.b72bb8p-4f));
        p = p.fma(z, FloatVector.broadcast(F, 0x1.250510p-3f));
        p = p.fma(z, FloatVector.broadcast(F, 0x1.9996d8p-3f));
        p = p.fma(z, FloatVector.broadcast(F, 0x1.555558p-2f));
        FloatVector half = f.mul(0.5f).mul(f);
        FloatVector inner = s.fma(p.fma(z.add(z), half), rest);
        return f.sub(half.sub(inner));
    }

    /// ln(1 + x), within 2 ulp: the rounding error of 1 + x is added back.
    public static FloatVector log1p(FloatVector x) {
        FloatVector y = x.add(1f);
        FloatVector lost = x.sub(y.sub(1f)).div(y);
        VectorMask<Float> finite = y.compare(VectorOperators.GT, 0f).and(y.compare(VectorOperators.LT, Float.POSITIVE_INFINITY));
        return log(y).add(FloatVector.zero(F).blend(lost, finite));
    }

    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), within 2 ulp.
    public static FloatVector softplus(FloatVector x) {
        FloatVector log = log1pOf(exp(x.abs().neg()), FloatVector.zero(F));
        return log.add(FloatVector.zero(F).blend(x, x.compare(VectorOperators.GT, 0f)));
    }

    /// 1/(1 + e^−x), within 2.5 ulp: for negative x as eˣ/(1 + eˣ), which keeps its small values accurate.
    public static FloatVector sigmoid(FloatVector x) {
        FloatVector e = exp(x.abs().neg());
        FloatVector upper = FloatVector.broadcast(F, 1f).blend(e, x.compare(VectorOperators.LT, 0f));
        return upper.div(e.add(1f));
    }

    /// x·sigmoid(x) (SiLU, swish), within 3 ulp.
    public static FloatVector silu(FloatVector x) {
        return x.mul(sigmoid(x));
    }

    /// tanh x, within 2 ulp: an odd polynomial below 0.625, 1 − 2/(e²ˣ + 1) above.
    public static FloatVector tanh(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector z = x.mul(x);
        FloatVector p = z.fma(FloatVector.broadcast(F, -0x1.769df8p-8f), FloatVector.broadcast(F, 0x1.525328p-6f));
        p = p.fma(z, FloatVector.broadcast(F, -0x1.b8439ap-5f));
        p = p.fma(z, FloatVector.broadcast(F, 0x1.110762p-3f));
        p = p.fma(z, FloatVector.broadcast(F, -0x1.555534p-2f));
        FloatVector small = p.mul(z).fma(x, x);
        FloatVector large = FloatVector.broadcast(F, 1f).sub(FloatVector.broadcast(F, 2f).div(exp(a.add(a)).add(1f)));
        IntVector sign = x.reinterpretAsInts().and(SIGN);
        large = large.reinterpretAsInts().or(sign).reinterpretAsFloats();
        return large.blend(small, a.compare(VectorOperators.LT, 0.625f));
    }

    /// Φ(x) = (1 + erf(x/√2))/2, the cumulative normal distribution, within 6 ulp.
    ///
    /// The tail is e^(−x²/2) times a polynomial in 1/(1 + 0.3·|x|); what squaring x rounds off is put back, because
    /// the exponential would multiply it.
    public static FloatVector normal(FloatVector x) {
        FloatVector a = x.abs();
        a = a.blend(14.5f, a.compare(VectorOperators.GT, 14.5f));
        FloatVector t = FloatVector.broadcast(F, 1f).div(a.fma(FloatVector.broadcast(F, 0.3f), FloatVector.broadcast(F, 1f)));
        FloatVector square = a.mul(a);
        FloatVector lost = a.fma(a, square.neg());
        FloatVector e = exp(square.mul(-0.5f));
        FloatVector tail = tail(t).mul(e);
        tail = lost.mul(-0.5f).fma(tail, tail);
        return FloatVector.broadcast(F, 1f).sub(tail).blend(tail, x.compare(VectorOperators.LT, 0f));
    }

    /// e^(x²/2)·Φ(−x) at t = 1/(1 + 0.3·x).
    private static FloatVector tail(FloatVector t) {
        FloatVector p = t.fma(FloatVector.broadcast(F, -0x1.4808b8p-6f), FloatVector.broadcast(F, 0x1.be0e30p-4f));
        p = p.fma(t, FloatVector.broadcast(F, -0x1.c0bd36p-3f));
        p = p.fma(t, FloatVector.broadcast(F, 0x1.6d1fe0p-3f));
        p = p.fma(t, FloatVector.broadcast(F, -0x1.111aeap-4f));
        p = p.fma(t, FloatVector.broadcast(F, 0x1.69231ap-4f));
        p = p.fma(t, FloatVector.broadcast(F, 0x1.4ed6a0p-4f));
        p = p.fma(t, FloatVector.broadcast(F, 0x1.bfb3e0p-4f));
        p = p.fma(t, FloatVector.broadcast(F, 0x1.ea6fccp-4f));
        p = p.fma(t, FloatVector.broadcast(F, 0x1.ea2b70p-4f));
        return p.fma(t, FloatVector.broadcast(F, 0x1.7b3382p-21f));
    }

    /// x·Φ(x) (Hendrycks & Gimpel 2016, GELU), within 6 ulp.
    public static FloatVector gelu(FloatVector x) {
        return x.mul(normal(x));
    }

    /// x/2·(1 + tanh u) with u = √(2/π)·(x + 0.044715·x³), which is x·sigmoid(2u); within 2⁻²² of itself or of 1.
    public static FloatVector geluTanh(FloatVector x) {
        return x.mul(sigmoid(geluTanhAngle(x)));
    }

    /// 2u of [#geluTanh].
    static FloatVector geluTanhAngle(FloatVector x) {
        FloatVector c = x.mul(x).fma(FloatVector.broadcast(F, 0.0713548162726f), FloatVector.broadcast(F, 1.59576912161f));
        return x.mul(c);
    }

    /// [#exp(FloatVector)] of one number.
    public static float exp(float x) {
        return exp(FloatVector.broadcast(F, x)).lane(0);
    }

    /// [#log(FloatVector)] of one number.
    public static float log(float x) {
        return log(FloatVector.broadcast(F, x)).lane(0);
    }

    /// [#softplus(FloatVector)] of one number.
    public static float softplus(float x) {
        return softplus(FloatVector.broadcast(F, x)).lane(0);
    }

    /// [#sigmoid(FloatVector)] of one number.
    public static float sigmoid(float x) {
        return sigmoid(FloatVector.broadcast(F, x)).lane(0);
    }

    /// [#tanh(FloatVector)] of one number.
    public static float tanh(float x) {
        return tanh(FloatVector.broadcast(F, x)).lane(0);
    }
}
