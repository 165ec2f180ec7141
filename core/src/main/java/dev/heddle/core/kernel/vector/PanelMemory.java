package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.HugePages;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory for weights that are laid out anew, in slabs that many of them share, so that they lie in large pages. A slab lives
/// as long as one of them. Safe for use by several threads.
final class PanelMemory {
    private static final long FIRST = 1 << 20;
    private static final long LARGEST = 64 << 20;

    private MemorySegment slab = MemorySegment.NULL;
    private long used;
    private long next = FIRST;

    /// Zeroed memory of `bytes` bytes.
    synchronized Storage take(long bytes) {
        long whole = Math.ceilDiv(bytes, Memory.ALIGNMENT) * Memory.ALIGNMENT;
        if (slab.byteSize() - used < whole) {
            slab = HugePages.allocate(Arena.ofAuto(), Math.max(whole, next));
            used = 0;
            next = Math.min(LARGEST, 2 * next);
        }
        Storage part = Memory.of(slab.asSlice(used, whole));
        used += whole;
        return part;
    }
}
