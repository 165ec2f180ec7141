package dev.heddle.core.machine;

import dev.heddle.core.tensor.SystemMemory;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// A function in machine code that was written by an [Assembler]: it takes up to six 64-bit integers in the System V calling
/// convention and returns one. It lives as long as the program.
public final class MachineCode {
    /// Instructions that functions here may use; all of them, or there are no functions.
    private static final List<String> NEEDED = List.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni");

    private final MemorySegment function;

    private MachineCode(MemorySegment function) {
        this.function = function;
    }

    /// Whether this processor has the instructions and this system lets a program write some: Linux on x86-64 with AVX-512 and
    /// its byte products (VNNI), native access allowed, and writable memory that may become executable.
    public static boolean isAvailable() {
        return Holder.AVAILABLE;
    }

    /// @throws IllegalStateException if the system has no memory for it
    public static MachineCode of(Assembler assembler) {
        return new MachineCode(SystemMemory.INSTANCE.flatMap(memory -> memory.executable(assembler.code()))
                .orElseThrow(() -> new IllegalStateException("the system has no memory for machine code")));
    }

    /// Calls the function.
    public long call(long a, long b, long c, long d, long e, long f) {
        try {
            return (long) Holder.CALL.invokeExact(function, a, b, c, d, e, f);
        } catch (Throwable unexpected) {
            throw new IllegalStateException(unexpected); // machine code throws nothing
        }
    }

    /// What the processor's features are called in `/proc/cpuinfo`.
    private static Set<String> features() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags")).findFirst()
                    .map(line -> new HashSet<>(Arrays.asList(line.split("\\s+")))).orElseGet(HashSet::new);
        }
    }

    private static final class Holder {
        static final MethodHandle CALL;
        static final boolean AVAILABLE;

        static {
            Optional<MethodHandle> call = find();
            AVAILABLE = call.isPresent();
            CALL = call.orElse(null);
        }

        private static Optional<MethodHandle> find() {
            try {
                if (!features().containsAll(NEEDED) || SystemMemory.INSTANCE.isEmpty()) {
                    return Optional.empty();
                }
                Assembler nothing = new Assembler();
                nothing.ret();
                ValueLayout.OfLong l = ValueLayout.JAVA_LONG;
                return SystemMemory.INSTANCE.get().executable(nothing.code())
                        .map(_ -> Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(l, l, l, l, l, l, l)));
            } catch (IOException | RuntimeException e) {
                return Optional.empty(); // no such system, or native access is denied
            }
        }
    }
}
