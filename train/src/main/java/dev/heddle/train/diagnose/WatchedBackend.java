package dev.heddle.train.diagnose;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A device that looks at every tensor a kernel was given once the kernel has run. The first kernel that leaves a number
/// that is not finite is the one to blame, since all before it left only finite ones. Slow, and only for looking.
final class WatchedBackend implements Backend {
    /// A kernel that produced a number that is not finite.
    static final class NotFinite extends RuntimeException {
        NotFinite(String message) {
            super(message);
        }
    }

    private final Backend delegate;
    private final Map<Tensor, String> names = new IdentityHashMap<>();
    private final Kernels kernels;

    /// @param parameters names to mention where a kernel used one of them
    WatchedBackend(Backend delegate, Map<String, Tensor> parameters) {
        this.delegate = delegate;
        parameters.forEach((name, tensor) -> names.put(tensor, name));
        kernels = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (_, group, _) -> watched(group.getReturnType(), invoke(group, delegate.kernels(), new Object[0])));
    }

    private Object watched(Class<?> type, Object target) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, kernel, arguments) -> {
            Object result = invoke(kernel, target, arguments);
            List<Tensor> tensors = new ArrayList<>();
            for (Object argument : arguments) {
                collect(argument, tensors);
            }
            for (Tensor tensor : tensors) {
                if (!isFinite(tensor)) {
                    String with = String.join(", ", tensors.stream().filter(names::containsKey).map(names::get).toList());
                    throw new NotFinite(type.getSimpleName() + "." + kernel.getName() + " gave a number that is not finite in "
                            + tensor + (with.isEmpty() ? "" : ", working with " + with));
                }
            }
            return result;
        });
    }

    private static Object invoke(Method method, Object target, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static void collect(Object argument, List<Tensor> tensors) throws ReflectiveOperationException {
        switch (argument) {
            case Tensor tensor -> tensors.add(tensor);
            case Tensor[] several -> tensors.addAll(List.of(several));
            case Optional<?> optional when optional.isPresent() -> collect(optional.get(), tensors);
            case Record record -> {
                for (RecordComponent component : record.getClass().getRecordComponents()) {
                    if (Tensor.class.isAssignableFrom(component.getType()) || component.getType() == Optional.class) {
                        component.getAccessor().setAccessible(true);
                        collect(component.getAccessor().invoke(record), tensors);
                    }
                }
            }
            case null, default -> {
                // numbers, segments and choices hold no tensors
            }
        }
    }

    private boolean isFinite(Tensor tensor) {
        if (tensor.dtype() != DType.F32 || !tensor.hasMemory()) {
            return true;
        }
        for (float value : delegate.read(tensor)) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String description() {
        return "watched " + delegate.description();
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
        delegate.fill(tensor, value);
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        delegate.copyRows(to, toRow, from, fromRow, rows);
    }

    @Override
    public void close() {
        // the delegate is its owner's
    }
}
