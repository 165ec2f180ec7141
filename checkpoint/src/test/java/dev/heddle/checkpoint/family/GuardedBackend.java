package dev.heddle.checkpoint.family;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/// A device whose memory only its own kernels may touch, as on a GPU: asking a tensor of it for its address
/// anywhere else throws.
final class GuardedBackend implements Backend {
    private final CpuBackend cpu;
    private final AtomicInteger inside = new AtomicInteger();
    private final Kernels kernels;
    private int calls;

    private final class GuardedStorage implements Storage {
        private final Storage memory;

        GuardedStorage(Storage memory) {
            this.memory = memory;
        }

        @Override
        public long bytes() {
            return memory.bytes();
        }

        @Override
        public long address() {
            if (inside.get() == 0) {
                throw new IllegalStateException("the host touched device memory");
            }
            return memory.address();
        }
    }

    GuardedBackend(CpuBackend cpu) {
        this.cpu = cpu;
        kernels = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (_, group, _) -> {
                    Object target = group.invoke(cpu.kernels());
                    return Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {group.getReturnType()},
                            (_, kernel, arguments) -> within(() -> {
                                calls++;
                                try {
                                    return kernel.invoke(target, arguments);
                                } catch (IllegalAccessException e) {
                                    throw new IllegalStateException(e);
                                } catch (InvocationTargetException e) {
                                    throw new IllegalStateException(kernel + " failed", e.getCause());
                                }
                            }));
                });
    }

    /// How many kernels have run.
    int calls() {
        return calls;
    }

    private <T> T within(Supplier<T> body) {
        inside.incrementAndGet();
        try {
            return body.get();
        } finally {
            inside.decrementAndGet();
        }
    }

    @Override
    public String description() {
        return "guarded " + cpu.description();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Storage allocate(long bytes) {
        return new GuardedStorage(cpu.allocate(bytes));
    }

    @Override
    public void free(Storage storage) {
        cpu.free(((GuardedStorage) storage).memory);
    }

    @Override
    public Tensor place(Tensor host) {
        Tensor device = Tensor.of(allocate(host.bytes()), 0, host.dtype(), host.shape());
        within(() -> {
            cpu.copyRows(device, 0, host, 0, host.rows());
            return null;
        });
        return device;
    }

    @Override
    public Tensor placeWeight(Tensor host) {
        return kernels.matrixProduct().prepared(place(host));
    }

    @Override
    public float[] read(Tensor tensor) {
        return within(() -> cpu.read(tensor));
    }

    @Override
    public byte[] readBytes(Tensor tensor) {
        return within(() -> cpu.readBytes(tensor));
    }

    @Override
    public void fill(Tensor tensor, float value) {
        within(() -> {
            cpu.fill(tensor, value);
            return null;
        });
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        within(() -> {
            cpu.copyRows(to, toRow, from, fromRow, rows);
            return null;
        });
    }

    @Override
    public void close() {
        cpu.close();
    }
}
