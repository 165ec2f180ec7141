package dev.heddle.checkpoint.weights;

import dev.heddle.core.tensor.DType;
import java.util.Arrays;

/// A tensor that a pickle describes: a strided view of a storage, checked to lie inside it.
///
/// @param offset bytes from the start of the root storage to the first element
/// @param stride elements from one index to the next, for each dimension
record TorchTensor(TorchStorage storage, DType dtype, long offset, long[] shape, long[] stride) {
    /// @param elementOffset elements from the start of `storage` to the first element
    /// @throws IllegalArgumentException if it reaches past the storage
    static TorchTensor of(TorchStorage storage, DType dtype, long elementOffset, long[] shape, long[] stride) {
        String what = dtype + " of shape " + Arrays.toString(shape) + ", strides " + Arrays.toString(stride)
                + " and offset " + elementOffset;
        if (shape.length != stride.length) {
            throw new IllegalArgumentException(what + " has " + stride.length + " strides, expected " + shape.length);
        }
        try {
            long last = elementOffset;
            boolean empty = false;
            for (int i = 0; i < shape.length; i++) {
                if (shape[i] < 0 || stride[i] < 0) {
                    throw new IllegalArgumentException(what + ": sizes and strides must not be negative");
                }
                empty |= shape[i] == 0;
            }
            for (int i = 0; i < shape.length && !empty; i++) {
                last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, stride[i]));
            }
            long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
            dtype.bytes(elements);
            long end = dtype.bytes(empty ? elementOffset : Math.addExact(last, 1));
            if (elementOffset < 0 || end > storage.bytes()) {
                throw new IllegalArgumentException(what + " ends at byte " + end + " of storage " + storage.key()
                        + ", which has " + storage.bytes());
            }
            return new TorchTensor(storage, dtype, storage.offset() + dtype.bytes(elementOffset), shape, stride);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(what + " has more elements than can be counted", e);
        }
    }

    long elements() {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    long bytes() {
        return dtype.bytes(elements());
    }

    /// True if the elements lie row by row without gaps.
    boolean isContiguous() {
        if (elements() == 0) {
            return true;
        }
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1) {
                if (stride[i] != expected) {
                    return false;
                }
                expected *= shape[i];
            }
        }
        return true;
    }
}
