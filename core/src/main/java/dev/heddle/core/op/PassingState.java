package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// A recurrent state for each sequence of a stateless pass, zero at first and forgotten with the pass.
public final class PassingState {
    private PassingState() {
    }

    /// @return zeros [S, elements]; the slot of segment s must be s
    public static Tensor of(Pass pass, int elements) {
        int[] slots = pass.segments().slots();
        for (int s = 0; s < slots.length; s++) {
            if (slots[s] != s) {
                throw new IllegalArgumentException("segment " + s + " of a stateless pass has slot " + slots[s]);
            }
        }
        Tensor state = pass.take(slots.length, elements);
        pass.executor().backend().fill(state, 0);
        return state;
    }
}
