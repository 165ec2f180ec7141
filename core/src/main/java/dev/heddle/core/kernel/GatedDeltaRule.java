package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// The gated delta rule (Yang et al. 2024, "Gated Delta Networks", eq. 10; with a decay for each key channel Kimi Team 2025,
/// "Kimi Linear", eq. 1): the state decays, then what it holds under the key moves towards the value by the rate β.
///
/// P[t,i,j] = exp(g[t,i])·S[t−1,i,j];
/// S[t,i,j] = P[t,i,j] + β[t]·k[t,i]·(v[t,j] − Σ_m k[t,m]·P[t,m,j]);
/// y[t,j] = Σ_i q[t,i]·S[t,i,j].
///
/// Value head h reads key head h·keyHeads/heads, or h mod keyHeads where value heads are tiled.
public interface GatedDeltaRule {
    /// Sizes: keyHeads G, which divide heads H; keyDim K, valueDim V.
    ///
    /// @param tiled whether the value heads of a key head lie G apart and not next to each other
    record Shape(int keyHeads, int heads, int keyDim, int valueDim, boolean tiled) {
        public Shape(int keyHeads, int heads, int keyDim, int valueDim) {
            this(keyHeads, heads, keyDim, valueDim, false);
        }

        /// f32 numbers of one sequence's state.
        public int stateElements() {
            return heads * keyDim * valueDim;
        }

        /// The key head that a value head reads.
        public int keyHead(int head) {
            return tiled ? head % keyHeads : head / (heads / keyHeads);
        }

        /// The `index`-th value head that reads a key head.
        public int valueHead(int keyHead, int index) {
            return tiled ? index * keyHeads + keyHead : keyHead * (heads / keyHeads) + index;
        }
    }

    /// What a position brings. Also holds the gradients of the same.
    ///
    /// @param q        [T, G·K]
    /// @param k        [T, G·K]
    /// @param v        [T, H·V]
    /// @param logDecay g, not positive: [T, H] for one decay a head, or [T, H·K]
    /// @param rate     β, [T, H]
    record Inputs(Tensor q, Tensor k, Tensor v, Tensor logDecay, Tensor rate) {
    }

    /// @param y     [T, H·V]
    /// @param state [slots, H·K·V], read and then replaced
    void forward(Shape shape, Tensor y, Inputs inputs, Tensor state, Segments segments);

    /// Adds the gradients of [#forward]. States are recomputed from chunk boundaries; `initialState` is the state before
    /// the forward ran.
    void backward(Shape shape, Inputs gradients, Tensor dy, Inputs inputs, Tensor initialState, Segments segments);
}
