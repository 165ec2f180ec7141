package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;

/// Walks recurrences whose heads each keep a matrix, segment by segment and head by head.
final class MatrixRecurrence {
    /// Positions between the states that a backward keeps.
    private static final int CHUNK = 64;

    /// One position of one head.
    interface Row {
        /// Advances the head's matrix over this position.
        void step(double[] state);

        /// What the position reads from the matrix after [#step].
        double[] read(double[] state);
    }

    /// Position `t` of head `head`.
    @FunctionalInterface
    interface Rows {
        Row at(int t, int head);
    }

    /// The backward of position `t` of head `head`, see [ChunkedBackward.RowBackward].
    @FunctionalInterface
    interface RowBackward {
        void apply(double[] dState, double[] before, double[] after, int t, int head);
    }

    private MatrixRecurrence() {
    }

    /// @param y     [T, heads·columns]
    /// @param size  numbers of a head's matrix
    /// @param state [slots, heads·size], read and then replaced
    static void forward(Tensor y, int columns, int heads, int size, Tensor state, Segments segments, Rows rows) {
        for (int s = 0; s < segments.count(); s++) {
            int slot = segments.slots()[s];
            for (int h = 0; h < heads; h++) {
                double[] hidden = Elements.row(state, slot, h * size, size);
                for (int t = segments.start(s); t < segments.end(s); t++) {
                    Row row = rows.at(t, h);
                    row.step(hidden);
                    Elements.put(y, t, h * columns, row.read(hidden));
                }
                Elements.put(state, slot, h * size, hidden);
            }
        }
    }

    /// @param initialState the state before the forward ran
    static void backward(int heads, int size, Tensor initialState, Segments segments, Rows rows, RowBackward back) {
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < heads; h++) {
                int head = h;
                ChunkedBackward.run(Elements.row(initialState, segments.slots()[s], h * size, size), segments.start(s),
                        segments.end(s), CHUNK, (state, t) -> rows.at(t, head).step(state),
                        (dState, before, after, t) -> back.apply(dState, before, after, t, head));
            }
        }
    }
}
