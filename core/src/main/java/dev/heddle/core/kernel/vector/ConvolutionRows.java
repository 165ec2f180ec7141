package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// One row of a depthwise convolution over four inputs, the width of Mamba's, for `n` channels.
final class ConvolutionRows {
    private ConvolutionRows() {
    }

    /// y = bias + w0·x0 + w1·x1 + w2·x2 + w3·x3, added in that order.
    ///
    /// @param w    weights of x0; those of x1 lie `wBytes` further, and so on
    /// @param bias address, or 0 for none
    static void four(long y, long x0, long x1, long x2, long x3, long w, long wBytes, long bias, int n) {
        int whole = Lanes.whole(n);
        long w1 = w + wBytes;
        long w2 = w1 + wBytes;
        long w3 = w2 + wBytes;
        if (bias == 0) {
            zero(y, n);
        }
        long start = bias == 0 ? y : bias;
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            long at = 4L * i;
            FloatVector sum = load(w + at).fma(load(x0 + at), load(start + at));
            sum = load(w1 + at).fma(load(x1 + at), sum);
            sum = load(w2 + at).fma(load(x2 + at), sum);
            store(load(w3 + at).fma(load(x3 + at), sum), y + at);
        }
        if (whole < n) {
            VectorMask<Float> rest = Lanes.first(n - whole);
            long at = 4L * whole;
            FloatVector sum = load(w + at, rest).fma(load(x0 + at, rest), load(start + at, rest));
            sum = load(w1 + at, rest).fma(load(x1 + at, rest), sum);
            sum = load(w2 + at, rest).fma(load(x2 + at, rest), sum);
            store(load(w3 + at, rest).fma(load(x3 + at, rest), sum), y + at, rest);
        }
    }

    static void zero(long y, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            store(Lanes.zero(), y + 4L * i);
        }
        if (whole < n) {
            store(Lanes.zero(), y + 4L * whole, Lanes.first(n - whole));
        }
    }
}
