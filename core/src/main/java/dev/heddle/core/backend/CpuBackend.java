package dev.heddle.core.backend;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.kernel.plain.PlainKernels;
import dev.heddle.core.kernel.vector.VectorKernels;
import dev.heddle.core.parallel.Processors;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/// The processor, with kernels chosen once: those of the Vector API where its module is present, plain loops
/// otherwise.
public final class CpuBackend implements Backend {
    /// Which kernels to run.
    public enum Choice { BEST, VECTOR, PLAIN }

    private final Workers workers;
    private final Kernels kernels;
    private final String description;
    private final Map<Storage, Arena> arenas = new ConcurrentHashMap<>();

    private CpuBackend(Workers workers, Kernels kernels, String description) {
        this.workers = workers;
        this.kernels = kernels;
        this.description = description;
    }

    /// The best kernels this program may use, with a thread for each core. If those of the Vector API are out of
    /// reach, the program's log says so once.
    public static CpuBackend best() {
        CpuBackend backend = of(Choice.BEST, Processors.physical());
        if (!vectorModulePresent()) {
            MissingModule.warn(backend.description());
        }
        return backend;
    }

    private static final class MissingModule {
        private static final AtomicBoolean SAID = new AtomicBoolean();

        static void warn(String description) {
            if (SAID.compareAndSet(false, true)) {
                System.getLogger("dev.heddle").log(System.Logger.Level.WARNING, "heddle: {0}", description);
            }
        }
    }

    /// @throws IllegalStateException if vector kernels are demanded and their module is missing
    public static CpuBackend of(Choice choice, int threads) {
        boolean present = vectorModulePresent();
        if (choice == Choice.VECTOR && !present) {
            throw new IllegalStateException("the vector kernels need the module jdk.incubator.vector; start Java with "
                    + "--add-modules jdk.incubator.vector");
        }
        Workers workers = new Workers(threads);
        if (choice == Choice.PLAIN || !present) {
            String why = choice == Choice.PLAIN ? "as asked" : "the module jdk.incubator.vector is missing; start Java with "
                    + "--add-modules jdk.incubator.vector for fast kernels";
            return new CpuBackend(workers, new PlainKernels(), "cpu, plain loops (" + why + ")");
        }
        return new CpuBackend(workers, VectorKernels.create(workers), "cpu, " + VectorKernels.describe() + ", " + threads
                + (threads == 1 ? " thread" : " threads"));
    }

    /// Whether this JVM was started with the vector module.
    public static boolean vectorModulePresent() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /// The threads the kernels run on.
    public Workers workers() {
        return workers;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Storage allocate(long bytes) {
        Arena arena = Arena.ofShared();
        Storage storage = Memory.allocate(arena, bytes);
        arenas.put(storage, arena);
        return storage;
    }

    @Override
    public void free(Storage storage) {
        Arena arena = arenas.remove(storage);
        if (arena != null) {
            arena.close();
        }
    }

    @Override
    public Tensor place(Tensor host) {
        return host;
    }

    @Override
    public float[] read(Tensor tensor) {
        return tensor.toFloats();
    }

    @Override
    public void fill(Tensor tensor, float value) {
        long elements = tensor.elements();
        for (long i = 0; i < elements; i++) {
            tensor.set(i, value);
        }
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        long bytes = from.dtype().bytes(from.columns()) * rows;
        Memory.ALL.asSlice(to.address(toRow), bytes).copyFrom(Memory.ALL.asSlice(from.address(fromRow), bytes));
    }

    @Override
    public void close() {
        workers.close();
        arenas.values().forEach(Arena::close);
        arenas.clear();
    }
}
