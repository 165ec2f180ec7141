package dev.heddle.core.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Memory in pages of 2 MiB instead of 4 KiB, where the system gives them to those who ask (Linux with transparent huge
/// pages at `madvise`, the usual setting, or `always`). Weights are read once a token from one end to the other; with small
/// pages the processor looks up a new address every 4 KiB and its prefetchers begin anew.
///
/// Everywhere else, and where native access is denied, memory is what it would have been.
public final class HugePages {
    /// Bytes below which it is not worth the while: the first call alone takes some 30 ms.
    public static final long LEAST = 16 << 20;

    private HugePages() {
    }

    /// Zeroed memory of `bytes` bytes that lives as long as `arena`, at an address that cache lines begin at.
    public static MemorySegment allocate(Arena arena, long bytes) {
        return bytes < LEAST ? arena.allocate(bytes, Memory.ALIGNMENT)
                : SystemMemory.INSTANCE.flatMap(calls -> calls.hugePages(arena, bytes)).orElseGet(() -> arena.allocate(bytes, Memory.ALIGNMENT));
    }

    /// Whether the system gives such pages.
    public static boolean exist() {
        try {
            return !Files.readString(Path.of("/sys/kernel/mm/transparent_hugepage/enabled")).contains("[never]")
                    && SystemMemory.INSTANCE.isPresent();
        } catch (IOException e) {
            return false; // not Linux
        }
    }

    /// Bytes that the system, and the container if there is one, has left; the largest number where nobody says.
    public static long available() {
        try {
            try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
                long available = lines.filter(line -> line.startsWith("MemAvailable:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024).findFirst().orElse(0);
                return Math.max(0, Math.min(available, Math.min(left("memory.max", "memory.current"),
                        left("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))));
            }
        } catch (IOException | NumberFormatException e) {
            return Long.MAX_VALUE; // not Linux
        }
    }

    /// What a control group leaves of its limit; the largest number if it has none.
    private static long left(String limit, String usage) throws IOException {
        Path folder = Path.of("/sys/fs/cgroup");
        if (!Files.isReadable(folder.resolve(limit)) || !Files.isReadable(folder.resolve(usage))) {
            return Long.MAX_VALUE;
        }
        String most = Files.readString(folder.resolve(limit)).strip();
        return most.equals("max") ? Long.MAX_VALUE : Long.parseLong(most) - Long.parseLong(Files.readString(folder.resolve(usage)).strip());
    }

    /// Asks for large pages for a mapped file that is about to be read. They come as far as the system has not read it before.
    public static void advise(MemorySegment mapped) {
        if (mapped.byteSize() >= LEAST) {
            SystemMemory.INSTANCE.ifPresent(calls -> calls.advise(mapped.address(), mapped.byteSize()));
        }
    }
}
