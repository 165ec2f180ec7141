package dev.heddle.core.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// Memory in pages of 2 MiB instead of 4 KiB, where the system gives them to those who ask (Linux with transparent huge
/// pages at `madvise`, the usual setting, or `always`). Weights are read once a token from one end to the other; with small
/// pages the processor looks up a new address every 4 KiB and its prefetchers begin anew.
///
/// Everywhere else, and where native access is denied, memory is what it would have been.
public final class HugePages {
    /// Bytes below which it is not worth the while: the first call alone takes some 30 ms.
    public static final long LEAST = 16 << 20;

    private static final long PAGE = 2 << 20;

    private HugePages() {
    }

    /// Zeroed memory of `bytes` bytes that lives as long as `arena`, at an address that cache lines begin at.
    public static MemorySegment allocate(Arena arena, long bytes) {
        return bytes < LEAST ? arena.allocate(bytes, Memory.ALIGNMENT)
                : LinuxCalls.INSTANCE.flatMap(calls -> calls.map(arena, bytes)).orElseGet(() -> arena.allocate(bytes, Memory.ALIGNMENT));
    }

    /// Whether the system gives such pages.
    public static boolean exist() {
        try {
            return !Files.readString(Path.of("/sys/kernel/mm/transparent_hugepage/enabled")).contains("[never]")
                    && LinuxCalls.INSTANCE.isPresent();
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
            LinuxCalls.INSTANCE.ifPresent(calls -> calls.advise(mapped.address(), mapped.byteSize()));
        }
    }

    /// `mmap`, `munmap` and `madvise` with the constants that all of Linux's architectures share but for a few long gone.
    private record LinuxCalls(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
        static final Optional<LinuxCalls> INSTANCE = find();

        private static final int READ_AND_WRITE = 3;
        private static final int PRIVATE_ANONYMOUS = 0x22;
        private static final int HUGE_PAGE = 14;

        private static Optional<LinuxCalls> find() {
            if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
                return Optional.empty();
            }
            try {
                Linker linker = Linker.nativeLinker();
                SymbolLookup lookup = linker.defaultLookup();
                ValueLayout.OfLong size = ValueLayout.JAVA_LONG;
                ValueLayout.OfInt flag = ValueLayout.JAVA_INT;
                return Optional.of(new LinuxCalls(
                        linker.downcallHandle(lookup.findOrThrow("mmap"), FunctionDescriptor.of(size, size, size, flag, flag, flag, size)),
                        linker.downcallHandle(lookup.findOrThrow("munmap"), FunctionDescriptor.of(flag, size, size)),
                        linker.downcallHandle(lookup.findOrThrow("madvise"), FunctionDescriptor.of(flag, size, size, flag))));
            } catch (RuntimeException e) {
                return Optional.empty(); // no such platform, or native access is denied
            }
        }

        Optional<MemorySegment> map(Arena arena, long bytes) {
            long whole = bytes + PAGE;
            try {
                long base = (long) mmap.invokeExact(0L, whole, READ_AND_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
                if (base == -1) {
                    return Optional.empty();
                }
                long start = (base + PAGE - 1) / PAGE * PAGE;
                advise(start, bytes);
                return Optional.of(MemorySegment.ofAddress(start).reinterpret(bytes, arena, _ -> unmap(base, whole)));
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        private void unmap(long base, long bytes) {
            try {
                int refused = (int) munmap.invokeExact(base, bytes);
                if (refused != 0) {
                    throw new IllegalStateException("memory cannot be given back");
                }
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        void advise(long address, long bytes) {
            try {
                int ignored = (int) madvise.invokeExact(address, bytes, HUGE_PAGE); // refused where there are no such pages
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        /// These functions throw nothing, but a method handle may, as far as the compiler knows.
        private static RuntimeException unexpected(Throwable e) {
            return switch (e) {
                case RuntimeException known -> known;
                case Error known -> throw known;
                default -> new IllegalStateException(e);
            };
        }
    }
}
