package dev.heddle.engine.trace;

import java.util.Optional;

/// What a kernel was seen to do to the rows of one sequence.
sealed interface Observation {
    /// Kernels that move information between positions.
    enum Kernel { ATTENTION, SELECTIVE_SCAN, STATE_SPACE_DUAL, GATED_DELTA_RULE, DELTA_WKV, MATRIX_WKV, WKV, RG_LRU, RETENTION,
        LINEAR_ATTENTION, DIAGONAL_STATE_SPACE }

    Kernel kernel();

    /// @param keep  [T]: the factor by which a row lets the state decay, mean over all its numbers
    /// @param write [T]: how strongly a row writes, mean over heads or channels; not there if it does not depend on the row
    record Recurrence(Kernel kernel, float[] keep, Optional<float[]> write) implements Observation {
    }

    /// @param weights [T][T]: how much a row attends to each, mean over heads; each row sums to 1
    record Attention(float[][] weights) implements Observation {
        @Override
        public Kernel kernel() {
            return Kernel.ATTENTION;
        }
    }
}
