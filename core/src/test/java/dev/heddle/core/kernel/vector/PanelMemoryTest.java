package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.HugePages;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void weightsOfALargeFileAreCopiedWhereThereAreLargePages(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("weights");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ,
                StandardOpenOption.WRITE, StandardOpenOption.SPARSE); Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            byte[] bytes = new byte[3 << 20];
            new SplittableRandom(2).nextBytes(bytes);
            channel.write(ByteBuffer.wrap(bytes), 64);
            channel.write(ByteBuffer.wrap(new byte[1]), (130 << 20) - 1);
            PanelMemory memory = new PanelMemory();
            Storage large = Memory.of(channel.map(FileChannel.MapMode.READ_ONLY, 0, 130 << 20, arena));
            Tensor weight = Tensor.of(large, 64, DType.F16, 1024, bytes.length / 2048);
            Tensor copy = memory.copied(weight, workers);
            assertEquals(HugePages.exist(), copy != weight);
            assertArrayEquals(bytes, copy.toBytes());
            assertArrayEquals(bytes, weight.toBytes());
            Tensor small = Tensor.of(large, 64, DType.F16, 1, 1024);
            assertSame(small, memory.copied(small, workers));
            Tensor written = Tensor.zeros(arena, DType.F16, 1024, 1024);
            assertSame(written, memory.copied(written, workers), "no file");
        }
    }
}
