package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Derivatives of the activation functions, of a stretch of floats.
final class ActivationDerivatives {
    private static final float ROOT_2_PI = 0.398942280401f;

    private ActivationDerivatives() {
    }

    /// y[i] = act′(x[i]) for `n` floats; `y` may be `x`.
    static void apply(Activation activation, long y, long x, int n) {
        switch (activation) {
            case IDENTITY -> {
                for (int i = 0; i < n; i++) {
                    Memory.f32(y + 4L * i, 1);
                }
            }
            case SILU -> silu(y, x, n);
            case GELU -> gelu(y, x, n);
            case GELU_TANH -> geluTanh(y, x, n);
            case RELU -> relu(y, x, n);
            case RELU_SQUARED -> reluSquared(y, x, n);
            case SIGMOID -> sigmoid(y, x, n);
            case TANH -> tanh(y, x, n);
            case SOFTPLUS -> softplus(y, x, n);
            case ELU_PLUS_ONE -> eluPlusOne(y, x, n);
        }
    }

    private static void silu(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(silu(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(silu(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void gelu(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(gelu(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(gelu(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void geluTanh(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(geluTanh(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(geluTanh(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void relu(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(step(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(step(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void reluSquared(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(ramp(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(ramp(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void sigmoid(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(sigmoid(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(sigmoid(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void tanh(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(tanh(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(tanh(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void softplus(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.sigmoid(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.sigmoid(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void eluPlusOne(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(eluPlusOne(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(eluPlusOne(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    /// s + x·s′, s = sigmoid(x), both from one e^−|x|: an exponential for each would exceed what the compiler inlines.
    private static FloatVector silu(FloatVector x) {
        FloatVector e = VectorMath.exp(x.abs().neg());
        FloatVector inverse = FloatVector.broadcast(F, 1f).div(e.add(1f));
        FloatVector upper = inverse.mul(e);
        FloatVector sigmoid = inverse.blend(upper, x.compare(VectorOperators.LT, 0f));
        return x.fma(upper.mul(inverse), sigmoid);
    }

    /// Φ(x) + x·e^(−x²/2)/√(2π).
    private static FloatVector gelu(FloatVector x) {
        FloatVector e = VectorMath.exp(x.mul(x).mul(-0.5f)).mul(ROOT_2_PI);
        return x.fma(e, VectorMath.normal(x));
    }

    /// s + x·s′·(2u)′, s = sigmoid(2u); beyond ±30 the second term is zero.
    private static FloatVector geluTanh(FloatVector x) {
        FloatVector c = x.blend(30f, x.compare(VectorOperators.GT, 30f)).blend(-30f, x.compare(VectorOperators.LT, -30f));
        FloatVector angle = VectorMath.geluTanhAngle(c);
        FloatVector slope = c.mul(c).fma(FloatVector.broadcast(F, 0.2140644488178f), FloatVector.broadcast(F, 1.59576912161f));
        return sigmoid(angle).mul(slope).fma(c, VectorMath.sigmoid(angle));
    }

    private static FloatVector step(FloatVector x) {
        return FloatVector.zero(F).blend(1f, x.compare(VectorOperators.GT, 0f));
    }

    private static FloatVector ramp(FloatVector x) {
        return FloatVector.zero(F).blend(x.add(x), x.compare(VectorOperators.GT, 0f));
    }

    /// s′ = s·(1 − s) = e/(1 + e)², e = e^−|x|, s = sigmoid(x).
    private static FloatVector sigmoid(FloatVector x) {
        FloatVector e = VectorMath.exp(x.abs().neg());
        FloatVector d = e.add(1f);
        return e.div(d.mul(d));
    }

    private static FloatVector tanh(FloatVector x) {
        FloatVector t = VectorMath.tanh(x);
        return FloatVector.broadcast(F, 1f).sub(t.mul(t));
    }

    private static FloatVector eluPlusOne(FloatVector x) {
        return VectorMath.exp(x).blend(1f, x.compare(VectorOperators.GT, 0f));
    }
}
