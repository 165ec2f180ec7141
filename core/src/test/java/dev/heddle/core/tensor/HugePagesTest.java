package dev.heddle.core.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Large pages are memory like any other: as long, zeroed, and gone with its arena.
class HugePagesTest {
    @ParameterizedTest
    @ValueSource(longs = {64, HugePages.LEAST - 64, HugePages.LEAST, HugePages.LEAST + 4160})
    void memoryIsZeroedAndLivesAsLongAsItsArena(long bytes) {
        MemorySegment memory;
        try (Arena arena = Arena.ofShared()) {
            memory = HugePages.allocate(arena, bytes);
            assertEquals(bytes, memory.byteSize());
            assertEquals(0, memory.address() % Memory.ALIGNMENT);
            for (long at = 0; at < bytes; at += 8) {
                if (memory.get(ValueLayout.JAVA_LONG, at) != 0) {
                    throw new AssertionError("not zero at " + at);
                }
            }
            memory.fill((byte) 7);
            assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, bytes - 1));
            MemorySegment other = HugePages.allocate(arena, bytes);
            assertTrue(other.address() >= memory.address() + bytes || other.address() + bytes <= memory.address());
            assertEquals(0, other.get(ValueLayout.JAVA_BYTE, bytes - 1));
        }
        assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void memoryIsGivenBack() throws IOException {
        long before = addressSpace();
        for (int i = 0; i < 100; i++) {
            try (Arena arena = Arena.ofConfined()) {
                HugePages.allocate(arena, 1 << 30).set(ValueLayout.JAVA_BYTE, 1, (byte) 1);
            }
        }
        assertTrue(addressSpace() - before < 20L << 30, "100 GiB were mapped in all");
    }

    private static long addressSpace() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(text -> text.startsWith("VmSize:")).findFirst().orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
    }

    @Test
    void aMappedFileReadsAsBefore(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("weights");
        byte[] bytes = new byte[(int) HugePages.LEAST + 1000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i >> 12);
        }
        Files.write(file, bytes);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ); Arena arena = Arena.ofShared()) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes.length, arena);
            HugePages.advise(mapped);
            assertEquals(-1, mapped.mismatch(MemorySegment.ofArray(bytes)));
        }
    }
}
