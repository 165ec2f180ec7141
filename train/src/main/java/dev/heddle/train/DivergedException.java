package dev.heddle.train;

import dev.heddle.train.data.Stretch;
import java.util.List;

/// A training whose numbers are no longer finite.
public final class DivergedException extends RuntimeException {
    private final transient List<Stretch> batch;

    DivergedException(long step, String what, List<Stretch> batch) {
        super("the " + what + " of step " + step + " is not finite");
        this.batch = List.copyOf(batch);
    }

    /// The stretches it happened with, to look for the operation; empty if it was the backward.
    public List<Stretch> batch() {
        return batch;
    }
}
