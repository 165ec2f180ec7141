package dev.heddle.core.model.analysis;

import java.util.List;

/// Memory at one context length for one sequence, in bytes.
///
/// @param context              positions
/// @param weights              parameters in bf16
/// @param state                recurrent states
/// @param keyValues            keys and values; windows hold no more than they see
/// @param transformerKeyValues what a transformer of this shape would hold instead of state, keys and values
public record MemoryUse(long context, long weights, long state, long keyValues, long transformerKeyValues) {
    /// 4K, 32K, 256K and 1M.
    public static final List<Long> CONTEXTS = List.of(4L << 10, 32L << 10, 256L << 10, 1L << 20);

    public long total() {
        return weights + state + keyValues;
    }

    public long transformerTotal() {
        return weights + transformerKeyValues;
    }

    /// How many times less a sequence costs here than in the transformer.
    public double saving() {
        return (double) transformerKeyValues / Math.max(1, state + keyValues);
    }
}
