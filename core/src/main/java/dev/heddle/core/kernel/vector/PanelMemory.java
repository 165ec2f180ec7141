package dev.heddle.core.kernel.vector;

import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.HugePages;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory for weights that are laid out anew, in slabs that many of them share, so that they lie in large pages. A slab lives
/// as long as one of them. Safe for use by several threads.
final class PanelMemory {
    private static final long FIRST = 1 << 20;
    private static final long LARGEST = 64 << 20;

    /// Bytes of a file from which on its weights are copied, and of a weight that is.
    private static final long LARGE_FILE = 128 << 20;
    private static final long LARGE_WEIGHT = 1 << 16;
    private static final long PIECE = 1 << 20;

    private MemorySegment slab = MemorySegment.NULL;
    private long used;
    private long next = FIRST;
    private long free = -1;
    private long spent;

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

    /// Whether memory suffices to lay out a weight anew, which stays usable as it lies: those of large files may take seven
    /// eighths of what was free.
    boolean affords(Tensor w) {
        return !isLarge(w) || spend(w.bytes(), 7);
    }

    /// Whether memory suffices to lay out a weight of f32, f16 or bf16 anew: those of large files may take half of what was free.
    boolean affordsCopy(Tensor w) {
        return !isLarge(w) || spend(w.bytes(), 4);
    }

    /// These weights in large pages, if they lie in a large file and that takes no more than half of what was free; otherwise
    /// as they are. The system keeps a file in large pages only if it has read it so.
    Tensor copied(Tensor w, Workers workers) {
        if (!isLarge(w) || w.bytes() < LARGE_WEIGHT || !HugePages.exist() || !spend(w.bytes(), 4)) {
            return w;
        }
        Storage copy = take(w.bytes());
        workers.forRange((int) Math.ceilDiv(w.bytes(), PIECE), 1, (from, to) -> Memory.copy(copy.address() + from * PIECE,
                w.address() + from * PIECE, Math.min(to * PIECE, w.bytes()) - from * PIECE));
        w.storage().unload(w.offset(), w.bytes());
        return Tensor.of(copy, 0, w.dtype(), w.shape());
    }

    private static boolean isLarge(Tensor w) {
        return w.storage().isFile() && w.storage().bytes() >= LARGE_FILE;
    }

    /// Whether so many bytes more are within some eighths of what was free at first; then they count as spent.
    private synchronized boolean spend(long bytes, int eighths) {
        if (free < 0) {
            free = HugePages.available();
        }
        if (spent + bytes > free / 8 * eighths) {
            return false;
        }
        spent += bytes;
        return true;
    }
}
