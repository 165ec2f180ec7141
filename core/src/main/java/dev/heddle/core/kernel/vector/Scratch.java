package dev.heddle.core.kernel.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Uninitialised memory of one thread that grows to the largest request and is reused from call to call.
final class Scratch {
    private static final long PAGE = 4096;

    private MemorySegment memory = MemorySegment.NULL;

    /// Address of at least `bytes` bytes, valid until the next call on this thread.
    long address(long bytes) {
        if (memory.byteSize() < bytes) {
            memory = Arena.ofAuto().allocate(Math.ceilDiv(bytes, PAGE) * PAGE, PAGE);
        }
        return memory.address();
    }
}
