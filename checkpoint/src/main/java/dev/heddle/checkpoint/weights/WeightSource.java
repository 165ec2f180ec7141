package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.Tensor;
import java.util.Map;
import java.util.Set;

/// Named tensors of a checkpoint.
///
/// Tensors are views of the mapped file; asking for one reads nothing. A mapping lives as long as a tensor of
/// it is reachable, so closing a source never pulls memory away from a model that was built from it; it only
/// ends the asking. The memory of a view must not be written. All methods may be called from several threads.
public interface WeightSource extends AutoCloseable {
    /// Names of all tensors, in the order of the file.
    Set<String> names();

    default boolean contains(String name) {
        return names().contains(name);
    }

    /// The tensor called `name`: a view of the file wherever its elements lie there row by row, else a copy.
    /// @throws CheckpointException if there is none
    /// @throws IllegalStateException if this source is closed
    Tensor tensor(String name);

    /// Free text that the file carries about itself (`format`, for example); often empty.
    Map<String, String> metadata();

    /// Which file or files these are, for error messages.
    String describe();

    @Override
    void close();
}
