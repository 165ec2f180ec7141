package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Arithmetic of stretches of `n` floats; an output may be one of the inputs.
final class Arithmetic {
    private Arithmetic() {
    }

    /// y = a + scale · b.
    static void add(long y, long a, long b, float scale, int n) {
        int whole = Lanes.whole(n);
        FloatVector factor = FloatVector.broadcast(F, scale);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(b + 4L * i).fma(factor, load(a + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(b + 4L * whole, rest).fma(factor, load(a + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    /// y = a ⊙ b.
    static void multiply(long y, long a, long b, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(a + 4L * i).mul(load(b + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(a + 4L * whole, rest).mul(load(b + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    /// y = a + b.
    static void add(long y, long a, long b, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(a + 4L * i).add(load(b + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(a + 4L * whole, rest).add(load(b + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    /// y += a ⊙ b.
    static void addProduct(long y, long a, long b, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(a + 4L * i).fma(load(b + 4L * i), load(y + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(a + 4L * whole, rest).fma(load(b + 4L * whole, rest), load(y + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    /// y += scale · a ⊙ b.
    static void addProduct(long y, long a, long b, float scale, int n) {
        int whole = Lanes.whole(n);
        FloatVector factor = FloatVector.broadcast(F, scale);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(a + 4L * i).mul(load(b + 4L * i)).fma(factor, load(y + 4L * i)), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(a + 4L * whole, rest).mul(load(b + 4L * whole, rest)).fma(factor, load(y + 4L * whole, rest)), y + 4L * whole, rest);
        }
    }

    /// y = scale · x.
    static void scale(long y, long x, float scale, int n) {
        int whole = Lanes.whole(n);
        FloatVector factor = FloatVector.broadcast(F, scale);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(load(x + 4L * i).mul(factor), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(load(x + 4L * whole, rest).mul(factor), y + 4L * whole, rest);
        }
    }

    /// y = cap · tanh(x / cap).
    static void softcap(long y, long x, float cap, int n) {
        int whole = Lanes.whole(n);
        FloatVector factor = FloatVector.broadcast(F, cap);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.tanh(load(x + 4L * i).div(factor)).mul(factor), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.tanh(load(x + 4L * whole, rest).div(factor)).mul(factor), y + 4L * whole, rest);
        }
    }

    /// y = −exp(x).
    static void negativeExp(long y, long x, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(VectorMath.exp(load(x + 4L * i)).neg(), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            store(VectorMath.exp(load(x + 4L * whole, rest)).neg(), y + 4L * whole, rest);
        }
    }

    /// y = a + w ⊙ (b − a).
    static void interpolate(long y, long a, long b, long w, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector from = load(a + 4L * i);
            store(load(b + 4L * i).sub(from).fma(load(w + 4L * i), from), y + 4L * i);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            FloatVector from = load(a + 4L * whole, rest);
            store(load(b + 4L * whole, rest).sub(from).fma(load(w + 4L * whole, rest), from), y + 4L * whole, rest);
        }
    }
}
