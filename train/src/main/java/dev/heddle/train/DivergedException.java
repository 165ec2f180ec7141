package dev.heddle.train;

import dev.heddle.train.data.Stretch;
import java.util.List;

/// A training whose numbers are no longer finite.
public final class DivergedException extends RuntimeException {
    private final long step;
    private final transient List<List<Stretch>> batches;

    DivergedException(long step, String what, List<List<Stretch>> batches) {
        super("the " + what + " of step " + step + " is not finite");
        this.step = step;
        this.batches = List.copyOf(batches);
    }

    /// The step that failed, from 1.
    public long step() {
        return step;
    }

    /// The stretches of each pass it may have happened in, to look for the operation.
    public List<List<Stretch>> batches() {
        return batches;
    }
}
