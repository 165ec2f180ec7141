package dev.heddle.core.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/// Linux's `mmap`, `munmap`, `madvise` and `mprotect`, with the constants that all of its architectures share but for a few long
/// gone.
public final class SystemMemory {
    /// These calls, where there are any and native access is not denied.
    public static final Optional<SystemMemory> INSTANCE = find();

    private static final int READ_AND_WRITE = 3;
    private static final int READ_AND_EXECUTE = 5;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final int HUGE_PAGE = 14;
    private static final long NO_MEMORY = -1;
    private static final long LARGE_PAGE = 2 << 20;

    private final MethodHandle mmap;
    private final MethodHandle munmap;
    private final MethodHandle madvise;
    private final MethodHandle mprotect;

    private SystemMemory(Linker linker) {
        SymbolLookup lookup = linker.defaultLookup();
        ValueLayout.OfLong size = ValueLayout.JAVA_LONG;
        ValueLayout.OfInt flag = ValueLayout.JAVA_INT;
        FunctionDescriptor rangeAndFlag = FunctionDescriptor.of(flag, size, size, flag);
        mmap = linker.downcallHandle(lookup.findOrThrow("mmap"), FunctionDescriptor.of(size, size, size, flag, flag, flag, size));
        munmap = linker.downcallHandle(lookup.findOrThrow("munmap"), FunctionDescriptor.of(flag, size, size));
        madvise = linker.downcallHandle(lookup.findOrThrow("madvise"), rangeAndFlag);
        mprotect = linker.downcallHandle(lookup.findOrThrow("mprotect"), rangeAndFlag);
    }

    private static Optional<SystemMemory> find() {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SystemMemory(Linker.nativeLinker()));
        } catch (RuntimeException e) {
            return Optional.empty(); // no such platform, or native access is denied
        }
    }

    /// Zeroed memory in pages of 2 MiB, as far as the system has them, or nothing if it has no memory.
    Optional<MemorySegment> hugePages(Arena arena, long bytes) {
        long whole = bytes + LARGE_PAGE;
        long base = map(whole);
        if (base == NO_MEMORY) {
            return Optional.empty();
        }
        long start = (base + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
        advise(start, bytes);
        return Optional.of(MemorySegment.ofAddress(start).reinterpret(bytes, arena, _ -> unmap(base, whole)));
    }

    /// Machine code where a processor may run it, and nobody write to it, for as long as the program runs; nothing where the
    /// system forbids that.
    public Optional<MemorySegment> executable(byte[] code) {
        long base = map(code.length);
        if (base == NO_MEMORY) {
            return Optional.empty();
        }
        MemorySegment memory = MemorySegment.ofAddress(base).reinterpret(code.length);
        memory.copyFrom(MemorySegment.ofArray(code));
        try {
            if ((int) mprotect.invokeExact(base, (long) code.length, READ_AND_EXECUTE) != 0) {
                unmap(base, code.length);
                return Optional.empty();
            }
            return Optional.of(memory);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private long map(long bytes) {
        try {
            return (long) mmap.invokeExact(0L, bytes, READ_AND_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
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
