package dev.heddle.core.backend;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/// A device without memory whose kernels do nothing: a pass walks over it with all its tensors' shapes, so that the memory
/// it would take can be counted in milliseconds, for models of any size.
public final class ShapeBackend implements Backend {
    private final Kernels kernels = idle(Kernels.class);
    private long bytes;

    private final class Counted implements Storage {
        private final long size;

        Counted(long size) {
            this.size = size;
        }

        @Override
        public long bytes() {
            return size;
        }

        @Override
        public long address() {
            throw new IllegalStateException("this device has shapes but no memory");
        }
    }

    private static <T> T idle(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (_, method, _) -> nothing(method)));
    }

    private static Object nothing(Method method) {
        Class<?> result = method.getReturnType();
        if (result.isInterface()) {
            return idle(result);
        }
        return result == double.class ? (Object) 0.0 : null;
    }

    /// Bytes allocated and not freed.
    public long bytes() {
        return bytes;
    }

    @Override
    public String description() {
        return "shapes without memory";
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Storage allocate(long size) {
        bytes += size;
        return new Counted(size);
    }

    @Override
    public void free(Storage storage) {
        bytes -= storage.bytes();
    }

    @Override
    public Tensor place(Tensor host) {
        return host;
    }

    @Override
    public Tensor placeWeight(Tensor host) {
        return host;
    }

    /// Zeros.
    @Override
    public float[] read(Tensor tensor) {
        return new float[Math.toIntExact(tensor.elements())];
    }

    /// Zeros.
    @Override
    public byte[] readBytes(Tensor tensor) {
        return new byte[Math.toIntExact(tensor.bytes())];
    }

    @Override
    public void fill(Tensor tensor, float value) {
        // there is nothing to fill
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        // there is nothing to copy
    }

    @Override
    public void close() {
        // nothing is held
    }
}
