package dev.heddle.core.backend;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A device that stands before another one, which does the work: every call of a kernel passes by here, to be looked at,
/// timed or refused. The device behind it stays its owner's to close.
public abstract class InterceptingBackend implements Backend {
    private static final Object[] NONE = new Object[0];

    private final Backend delegate;
    private final Map<Class<?>, Object> groups = new ConcurrentHashMap<>();
    private final Kernels kernels;

    protected InterceptingBackend(Backend delegate) {
        this.delegate = delegate;
        kernels = proxy(Kernels.class, (group, _) -> groups.computeIfAbsent(group.getReturnType(),
                type -> intercepted(type, invoke(group, delegate.kernels(), NONE))));
    }

    /// A call of a kernel that has not happened yet.
    ///
    /// @param type      the kernel's interface
    /// @param method    which of its methods
    /// @param kernel    the kernel of the device behind this one
    /// @param arguments what it is given
    protected record KernelCall(Class<?> type, Method method, Object kernel, Object[] arguments) {
        /// The interface's and the method's names.
        public String name() {
            return type.getSimpleName() + "." + method.getName();
        }

        /// Lets it happen.
        public Object run() {
            return invoke(method, kernel, arguments);
        }
    }

    /// Stands by at a kernel's call; it happens where [KernelCall#run] is called.
    /// @return what that gave
    protected abstract Object intercept(KernelCall call);

    private Object intercepted(Class<?> type, Object kernel) {
        return proxy(type, (method, arguments) -> intercept(new KernelCall(type, method, kernel, arguments)));
    }

    private interface Handler {
        Object on(Method method, Object[] arguments);
    }

    private static <T> T proxy(Class<T> type, Handler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (_, method, arguments) -> handler.on(method, arguments == null ? NONE : arguments)));
    }

    private static Object invoke(Method method, Object target, Object[] arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String description() {
        return delegate.description();
    }

    @Override
    public final Kernels kernels() {
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
    public Tensor placeWeight(Tensor host) {
        return delegate.placeWeight(host);
    }

    @Override
    public float[] read(Tensor tensor) {
        return delegate.read(tensor);
    }

    @Override
    public byte[] readBytes(Tensor tensor) {
        return delegate.readBytes(tensor);
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
    public final void close() {
        // the device behind it is its owner's
    }
}
