package dev.heddle.core.state;

import dev.heddle.core.kernel.StateRounding;
import dev.heddle.core.tensor.DType;

/// How large recurrent states (matrices per head, channels by states) are stored between passes; they are f32 while a pass
/// works on them. [StateRounding] says how they are rounded.
public enum RecurrentType {
    F32, BF16,
    /// Signed bytes with an f32 scale for each [StateRounding#GROUP] numbers.
    INT8;

    /// Bytes of a state of so many numbers.
    public long bytes(int elements) {
        return dtype().bytes(columns(elements));
    }

    /// The type of the tensor that holds such states, a row for each.
    DType dtype() {
        return switch (this) {
            case F32 -> DType.F32;
            case BF16 -> DType.BF16;
            case INT8 -> DType.I8;
        };
    }

    /// Columns of that tensor.
    int columns(int elements) {
        return switch (this) {
            case F32, BF16 -> elements;
            case INT8 -> StateRounding.int8Bytes(elements);
        };
    }
}
