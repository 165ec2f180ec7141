package dev.heddle.checkpoint.gguf;

/// A tensor of a GGUF file: where it lies and what it is.
///
/// @param name   what it is called
/// @param type   how its numbers are stored
/// @param shape  its dimensions, the contiguous one last (files write them the other way round)
/// @param offset bytes from the start of the file
/// @param bytes  bytes it takes
public record GgufTensor(String name, GgmlType type, long[] shape, long offset, long bytes) {
    public long elements() {
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        return elements;
    }
}
