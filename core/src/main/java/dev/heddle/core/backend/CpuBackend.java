package dev.heddle.core.backend;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.kernel.plain.PlainKernels;
import dev.heddle.core.kernel.vector.VectorKernels;
import dev.heddle.core.machine.MachineCode;
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
/// otherwise; and for products with quantized weights machine code that is written for them, where the processor has the
/// instructions ([MachineCode#isAvailable]).
public final class CpuBackend implements Backend {
    /// Bytes that are copied at once to fill memory; a multiple of every element's size.
    private static final long FILL = 1 << 16;

    /// Which kernels to run: the best there are, those of the Vector API alone, or plain loops.
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
        boolean machineCode = choice == Choice.BEST && MachineCode.isAvailable();
        return new CpuBackend(workers, VectorKernels.create(workers, machineCode), "cpu, " + VectorKernels.describe()
                + (machineCode ? ", machine code for products" : "") + ", " + threads + (threads == 1 ? " thread" : " threads"));
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
    public Tensor placeWeight(Tensor host) {
        return kernels.matrixProduct().prepared(host);
    }

    @Override
    public float[] read(Tensor tensor) {
        return tensor.toFloats();
    }

    @Override
    public byte[] readBytes(Tensor tensor) {
        return tensor.toBytes();
    }

    @Override
    public void fill(Tensor tensor, float value) {
        if (tensor.elements() == 0) {
            return;
        }
        if (tensor.isContiguous()) {
            fill(tensor, value, 0, tensor.bytes());
        } else {
            for (int row = 0; row < tensor.rows(); row++) {
                fill(tensor, value, tensor.address(row) - tensor.address(), tensor.dtype().bytes(tensor.columns()));
            }
        }
    }

    /// Fills `bytes` bytes from byte `from` of a tensor on, large stretches with all threads.
    private void fill(Tensor tensor, float value, long from, long bytes) {
        long start = tensor.address() + from;
        long size = tensor.dtype().size();
        Memory.store(tensor.dtype(), start, value);
        long filled = Math.min(bytes, FILL);
        for (long done = size; done < filled; done *= 2) {
            Memory.copy(start + done, start, Math.min(done, filled - done));
        }
        workers.forRange((int) Math.ceilDiv(bytes - filled, FILL), 4, (first, last) -> {
            for (int i = first; i < last; i++) {
                long at = (i + 1) * FILL;
                Memory.copy(start + at, start, Math.min(FILL, bytes - at));
            }
        });
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        Memory.copy(to.address(toRow), from.address(fromRow), from.dtype().bytes(from.columns()) * rows);
    }

    @Override
    public void close() {
        workers.close();
        arenas.values().forEach(Arena::close);
        arenas.clear();
    }
}
