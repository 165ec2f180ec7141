package dev.heddle.checkpoint.gguf.export;

import java.util.List;

/// A tensor of a GGUF file and what it is made of.
///
/// @param name  in the file
/// @param shape the contiguous dimension last
/// @param parts its rows, part after part
public record ExportedTensor(String name, long[] shape, List<Part> parts) {
    public ExportedTensor {
        parts = List.copyOf(parts);
    }

    /// Numbers of a row, the last dimension.
    public int width() {
        return shape.length == 0 ? 1 : Math.toIntExact(shape[shape.length - 1]);
    }

    public long elements() {
        long elements = 1;
        for (long dimension : shape) {
            elements = Math.multiplyExact(elements, dimension);
        }
        return elements;
    }
}
