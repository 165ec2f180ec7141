package dev.heddle.core.kernel.plain;

/// Walks a recurrence backwards: states are kept at chunk boundaries on the way forward and recomputed inside
/// each chunk on the way back.
final class ChunkedBackward {
    /// Advances `state` over row `t`.
    @FunctionalInterface
    interface Step {
        void apply(double[] state, int t);
    }

    /// Turns the gradient of the state after row `t` into that of the state before it, adding the row's own
    /// gradients on the way.
    @FunctionalInterface
    interface RowBackward {
        void apply(double[] dState, double[] before, double[] after, int t);
    }

    private ChunkedBackward() {
    }

    /// @param initial state before row `start`; not changed
    static void run(double[] initial, int start, int end, int chunk, Step step, RowBackward back) {
        int chunks = Math.ceilDiv(end - start, chunk);
        double[][] boundaries = new double[chunks][];
        double[] state = initial.clone();
        for (int c = 0; c < chunks; c++) {
            boundaries[c] = state.clone();
            for (int t = start + c * chunk; t < Math.min(end, start + (c + 1) * chunk); t++) {
                step.apply(state, t);
            }
        }
        double[] dState = new double[initial.length];
        for (int c = chunks - 1; c >= 0; c--) {
            int from = start + c * chunk;
            int to = Math.min(end, from + chunk);
            double[][] states = new double[to - from + 1][];
            states[0] = boundaries[c];
            for (int t = from; t < to; t++) {
                states[t - from + 1] = states[t - from].clone();
                step.apply(states[t - from + 1], t);
            }
            for (int t = to - 1; t >= from; t--) {
                back.apply(dState, states[t - from], states[t - from + 1], t);
            }
        }
    }
}
