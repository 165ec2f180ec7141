package dev.heddle.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// Where a training's batches come from. What comes next follows from how it was made and from [#state].
///
/// Not safe for use by several threads at a time.
public interface BatchSource {
    /// Lanes that every batch fills.
    int lanes();

    /// The next `length` inputs of every lane.
    List<Stretch> next(int length);

    /// Where it stands.
    JsonNode state();

    /// Continues from `state`.
    /// @throws IllegalArgumentException if it belongs to another source
    void restore(JsonNode state);
}
