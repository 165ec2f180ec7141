package dev.heddle.core.backend;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;

/// A device: its memory and its kernels. Models name none; a pass carries one.
public interface Backend extends AutoCloseable {
    /// What it is, for `--verbose`.
    String description();

    Kernels kernels();

    /// Zeroed memory that lives until the backend closes or [#free] returns it.
    Storage allocate(long bytes);

    /// Returns memory early.
    void free(Storage storage);

    /// A tensor with the same values that this device's kernels can read; the same tensor where host memory is
    /// the device's memory.
    Tensor place(Tensor host);

    /// As [#place], for a matrix that many products will multiply with and nobody writes to: it may lie there a second time,
    /// as the kernels read it fastest.
    Tensor placeWeight(Tensor host);

    /// The values of a tensor of this device, row by row, as floats.
    float[] read(Tensor tensor);

    /// The bytes of a contiguous tensor of this device, as they are stored.
    byte[] readBytes(Tensor tensor);

    /// Sets every element.
    void fill(Tensor tensor, float value);

    /// Copies `rows` rows within one tensor or between two of the same width and type.
    void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows);

    @Override
    void close();
}
