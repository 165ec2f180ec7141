package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Activation functions of a stretch of floats; one loop for each, so that each compiles to its own arithmetic.
final class Activations {
    private Activations() {
    }

    /// The loop of one function.
    @FunctionalInterface
    private interface Loop {
        void run(long y, long x, int n);
    }

    /// y[i] = act(x[i]) for `n` floats; `y` may be `x`.
    ///
    /// The loop is called through an interface: with all of them in one method, the compiler may take in the first few and then
    /// have no room left for the one that matters.
    static void apply(Activation activation, long y, long x, int n) {
        loop(activation).run(y, x, n);
    }

    private static Loop loop(Activation activation) {
        return switch (activation) {
            case IDENTITY -> (y, x, n) -> Memory.copy(y, x, 4L * n);
            case SILU -> Activations::silu;
            case GELU -> Activations::gelu;
            case GELU_TANH -> Activations::geluTanh;
            case RELU -> Activations::relu;
            case RELU_SQUARED -> Activations::reluSquared;
            case SIGMOID -> Activations::sigmoid;
            case TANH -> Activations::tanh;
            case SOFTPLUS -> Activations::softplus;
            case ELU_PLUS_ONE -> Activations::eluPlusOne;
        };
    }

    private static void silu(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.silu(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.silu(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void gelu(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.gelu(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.gelu(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void geluTanh(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.geluTanh(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.geluTanh(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void relu(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(relu(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(relu(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void reluSquared(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(reluSquared(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(reluSquared(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void sigmoid(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.sigmoid(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.sigmoid(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void tanh(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.tanh(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.tanh(load(x + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    private static void softplus(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.softplus(load(x + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.softplus(load(x + 4L * whole, rest)), y + 4L * whole, rest);
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

    private static FloatVector relu(FloatVector x) {
        return x.blend(0f, x.compare(VectorOperators.LT, 0f));
    }

    private static FloatVector reluSquared(FloatVector x) {
        FloatVector r = relu(x);
        return r.mul(r);
    }

    private static FloatVector eluPlusOne(FloatVector x) {
        return VectorMath.exp(x).blend(x.add(1f), x.compare(VectorOperators.GT, 0f));
    }
}
