package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Dropout (Srivastava et al. 2014): y[t,d] = m[t,d]·x[t,d] with m = 0 in a share `rate` of the places, 1/(1−rate) in the others.
///
/// The mask is no state but a function of key, row and column (a counter-based generator, Salmon et al. 2011), so any
/// thread, any lane width and a second run draw the same. With a 32-bit finaliser f, multiplication and addition modulo
/// 2³², and G = 0x9E3779B9 (2³² over the golden ratio):
///
/// rowKey[t] = f(low(key) + G·t) ⊕ high(key),   u[t,d] = f(rowKey[t] + G·d) / 2³²,   dropped where u < rate.
public interface Dropout {
    /// G.
    int STRIDE = 0x9E3779B9;

    /// f: a bijection of 32-bit numbers each of whose input bits changes half of the output's.
    static int mix(int x) {
        int h = x;
        h = (h ^ h >>> 16) * 0x7feb352d;
        h = (h ^ h >>> 15) * 0x846ca68b;
        return h ^ h >>> 16;
    }

    /// rowKey[t].
    static int rowKey(long key, int row) {
        return mix((int) key + STRIDE * row) ^ (int) (key >>> 32);
    }

    /// Numbers u·2³¹, that is f with its last bit dropped, below this are dropped.
    static int threshold(float rate) {
        return (int) Math.round(rate * 0x1p31);
    }

    /// y = m ⊙ x; y may be x.
    void apply(Tensor y, Tensor x, long key, float rate);

    /// dx += m ⊙ dy.
    void gradient(Tensor dx, Tensor dy, long key, float rate);
}
