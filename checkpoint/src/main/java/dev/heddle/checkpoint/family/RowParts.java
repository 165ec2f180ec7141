package dev.heddle.checkpoint.family;

import java.util.stream.IntStream;

/// Row numbers of parameters that a checkpoint interleaves in one tensor.
final class RowParts {
    private RowParts() {
    }

    /// Rows `from` to `from + count` of each of `groups` groups of `size` rows.
    static int[] of(int groups, int size, int from, int count) {
        return IntStream.range(0, groups * count).map(i -> i / count * size + from + i % count).toArray();
    }
}
