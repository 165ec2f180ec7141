package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Recurrent states that are stored in fewer bits than a pass computes with: expanded to f32 before it, rounded after it.
///
/// - bf16: x is one of the two neighbours of x.
/// - 8 bits: groups of [#GROUP] numbers, d = max|x|/127, x ≈ d·q. Stored are the f32 scales d of all groups, then the q.
///
/// Rounding is *stochastic*: x becomes the upper of its neighbours a ≤ x < b with the probability (x − a)/(b − a). Rounded to
/// the nearest, a state that decays by less than half a unit in its last place in a step would stand still, and what is
/// added to it would vanish when it is smaller than that; so errors would always go the same way. Stochastic errors have the
/// mean zero and forget themselves as the state decays (Gupta et al. 2015, "Deep Learning with Limited Numerical
/// Precision").
///
/// The random numbers are a hash (MurmurHash3's finalizer) of the sequence's position, the number of the state and the
/// element's index, so that a sequence has the same bits whatever surrounds it.
public interface StateRounding {
    /// Numbers that share a scale.
    int GROUP = 32;

    /// Multiplier that spreads consecutive indexes, 2³² divided by the golden ratio.
    int SPREAD = 0x9e3779b9;

    /// Bytes of a state of 8-bit integers: scales first.
    static int int8Bytes(int elements) {
        return Float.BYTES * Math.ceilDiv(elements, GROUP) + elements;
    }

    /// What the hash of an element begins with, before `index·SPREAD` is added.
    static int seed(long position, int state) {
        return mixed(Long.hashCode(position) * SPREAD + state);
    }

    /// MurmurHash3's finalizer, a bijection of 32 bits.
    static int mixed(int bits) {
        int h = bits;
        h = (h ^ h >>> 16) * 0x85ebca6b;
        h = (h ^ h >>> 13) * 0xc2b2ae35;
        return h ^ h >>> 16;
    }

    /// x[s] = the state in slot `slots[s]`.
    ///
    /// @param x      f32 [S, elements]
    /// @param stored bf16 [slots, elements], or i8 [slots, [#int8Bytes]]
    void expand(Tensor x, Tensor stored, int[] slots);

    /// Stores x[s] in slot `slots[s]`.
    ///
    /// @param seeds one for each s, from [#seed]
    void round(Tensor stored, int[] slots, Tensor x, int[] seeds);
}
