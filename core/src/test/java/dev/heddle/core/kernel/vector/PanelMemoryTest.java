package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Parts of slabs.
class PanelMemoryTest {
    @Test
    void partsAreAlignedZeroedAndApart() {
        PanelMemory memory = new PanelMemory();
        List<Storage> parts = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200; i++) {
            long bytes = i == 100 ? 3 << 20 : random.nextLong(1, 100_000);
            Storage part = memory.take(bytes);
            assertTrue(part.bytes() >= bytes);
            assertEquals(0, part.address() % Memory.ALIGNMENT);
            for (long at = 0; at < bytes; at++) {
                if (Memory.i8(part.address() + at) != 0) {
                    throw new AssertionError("part " + i + " is not zero at " + at);
                }
                Memory.i8(part.address() + at, (byte) 1);
            }
            parts.add(part);
        }
        parts.sort(Comparator.comparing(Storage::address));
        for (int i = 1; i < parts.size(); i++) {
            assertTrue(parts.get(i - 1).address() + parts.get(i - 1).bytes() <= parts.get(i).address());
        }
    }
}
