package dev.heddle.train.measure;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A device that measures each kernel: how often it was called, how long it took, what it computed.
final class MeteredBackend implements Backend {
    private final Backend delegate;
    private final Kernels kernels;
    private final Map<String, KernelTime> times = new HashMap<>();

    MeteredBackend(Backend delegate) {
        this.delegate = delegate;
        Map<Class<?>, Object> metered = new HashMap<>();
        kernels = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (_, group, _) -> metered.computeIfAbsent(group.getReturnType(),
                        type -> metered(type, invoke(group, delegate.kernels(), new Object[0]))));
    }

    private Object metered(Class<?> type, Object target) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, kernel, arguments) -> {
            double flops = KernelFlops.of(type, kernel.getName(), arguments);
            long start = System.nanoTime();
            Object result = invoke(kernel, target, arguments);
            add(type.getSimpleName() + "." + kernel.getName(), start, flops);
            return result;
        });
    }

    private void add(String name, long start, double flops) {
        double seconds = (System.nanoTime() - start) * 1e-9;
        times.merge(name, new KernelTime(name, 1, seconds, flops), KernelTime::plus);
    }

    private static Object invoke(Method method, Object target, Object[] arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What each kernel has taken, the longest first.
    List<KernelTime> times() {
        return times.values().stream().sorted(Comparator.comparingDouble(KernelTime::seconds).reversed()).toList();
    }

    @Override
    public String description() {
        return delegate.description();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Storage allocate(long bytes) {
        return delegate.allocate(bytes);
    }

    @Override
    public void free(Storage storage) {
        delegate.free(storage);
    }

    @Override
    public Tensor place(Tensor host) {
        return delegate.place(host);
    }

    @Override
    public float[] read(Tensor tensor) {
        return delegate.read(tensor);
    }

    @Override
    public void fill(Tensor tensor, float value) {
        long start = System.nanoTime();
        delegate.fill(tensor, value);
        add("fill", start, 0);
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        long start = System.nanoTime();
        delegate.copyRows(to, toRow, from, fromRow, rows);
        add("copyRows", start, 0);
    }

    @Override
    public void close() {
        // the delegate is its owner's
    }
}
