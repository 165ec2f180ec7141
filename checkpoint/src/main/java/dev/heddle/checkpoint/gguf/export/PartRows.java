package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Reads the rows of a tensor that is to be written, whatever it is made of.
final class PartRows {
    private final int width;
    private final Part[] parts;
    private final Tensor[] tensors;
    /// First row of each part, and the end.
    private final long[] starts;

    /// @param parameter finds a parameter
    PartRows(ExportedTensor tensor, Function<String, Tensor> parameter) {
        width = tensor.width();
        List<Part> all = tensor.parts();
        parts = all.toArray(Part[]::new);
        tensors = new Tensor[parts.length];
        starts = new long[parts.length + 1];
        for (int i = 0; i < parts.length; i++) {
            boolean constant = parts[i].constants().length > 0;
            tensors[i] = constant ? null : parameter.apply(parts[i].parameter());
            long elements = constant ? parts[i].constants().length : tensors[i].elements();
            starts[i + 1] = starts[i] + parts[i].rows().map(rows -> (long) rows.length).orElse(elements / width);
        }
        if (starts[parts.length] * width != tensor.elements()) {
            throw new IllegalStateException(tensor.name() + " has " + tensor.elements() + " elements, its parts "
                    + starts[parts.length] * width);
        }
    }

    long rows() {
        return starts[parts.length];
    }

    /// The tensor whose bytes are this one's, if nothing is changed.
    Optional<Tensor> unchanged() {
        boolean whole = parts.length == 1 && tensors[0] != null && parts[0].rows().isEmpty() && parts[0].change() == Part.Change.NONE;
        return whole && tensors[0].isContiguous() ? Optional.of(tensors[0]) : Optional.empty();
    }

    /// Reads row `row` to `to` from `at` on.
    ///
    /// @param scratch as wide as a row
    /// @throws CheckpointException if a number is not finite
    void read(long row, float[] scratch, float[] to, int at) {
        int p = 0;
        while (row >= starts[p + 1]) {
            p++;
        }
        Part part = parts[p];
        long local = row - starts[p];
        long source = part.rows().isPresent() ? part.rows().get()[(int) local] : local;
        if (tensors[p] == null) {
            System.arraycopy(part.constants(), (int) source * width, scratch, 0, width);
        } else {
            row(tensors[p], source, scratch);
        }
        for (int i = 0; i < width; i++) {
            float x = part.change().apply(scratch[i]);
            if (!Float.isFinite(x)) {
                throw new CheckpointException(part.parameter() + " holds " + scratch[i] + " (row " + source + ", column " + i
                        + "); the model is damaged");
            }
            to[at + i] = x;
        }
    }

    /// Row `row` of a tensor seen as rows of `width` elements.
    private void row(Tensor tensor, long row, float[] to) {
        if (tensor.columns() == width && tensor.rank() > 0) {
            Blocks.row(tensor, row, to);
            return;
        }
        if (!tensor.isContiguous()) {
            throw new IllegalStateException(tensor + " has no rows of " + width);
        }
        long size = tensor.dtype().size();
        long from = tensor.address() + row * width * size;
        for (int i = 0; i < width; i++) {
            to[i] = Memory.load(tensor.dtype(), from + i * size);
        }
    }
}
