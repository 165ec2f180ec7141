package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.text.Nearest;
import java.util.List;
import java.util.Set;

/// The error for a tensor that is not there, with the names that come closest.
public final class NearestNames {
    private static final int SHOWN = 3;
    private static final int COMPARED = 20_000;

    private NearestNames() {
    }

    public static CheckpointException missing(String describe, String name, Set<String> names) {
        List<String> nearest = Nearest.of(name, names.stream().limit(COMPARED).toList(), SHOWN);
        return new CheckpointException(describe + ": no tensor " + name + " among its " + names.size()
                + (nearest.isEmpty() ? "" : "; the nearest names are " + String.join(", ", nearest)));
    }
}
