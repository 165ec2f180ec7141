package dev.heddle.train.diagnose;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.InterceptingBackend;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A device that looks at every tensor a kernel was given once the kernel has run. The first kernel that leaves a number
/// that is not finite is the one to blame, since all before it left only finite ones. Slow, and only for looking.
final class WatchedBackend extends InterceptingBackend {
    /// A kernel that produced a number that is not finite.
    static final class NotFinite extends RuntimeException {
        NotFinite(String message) {
            super(message);
        }
    }

    private final Map<Tensor, String> names = new IdentityHashMap<>();

    /// @param parameters names to mention where a kernel used one of them
    WatchedBackend(Backend delegate, Map<String, Tensor> parameters) {
        super(delegate);
        parameters.forEach((name, tensor) -> names.put(tensor, name));
    }

    @Override
    protected Object intercept(KernelCall call) {
        Object result = call.run();
        List<Tensor> tensors = new ArrayList<>();
        for (Object argument : call.arguments()) {
            collect(argument, tensors);
        }
        for (Tensor tensor : tensors) {
            if (!isFinite(tensor)) {
                String with = String.join(", ", tensors.stream().filter(names::containsKey).map(names::get).toList());
                throw new NotFinite(call.name() + " gave a number that is not finite in " + tensor
                        + (with.isEmpty() ? "" : ", working with " + with));
            }
        }
        return result;
    }

    private static void collect(Object argument, List<Tensor> tensors) {
        switch (argument) {
            case Tensor tensor -> tensors.add(tensor);
            case Tensor[] several -> tensors.addAll(List.of(several));
            case Optional<?> optional when optional.isPresent() -> collect(optional.get(), tensors);
            case Record record -> {
                for (RecordComponent component : record.getClass().getRecordComponents()) {
                    if (Tensor.class.isAssignableFrom(component.getType()) || component.getType() == Optional.class) {
                        collect(value(record, component), tensors);
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
        for (float value : read(tensor)) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    private static Object value(Record record, RecordComponent component) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
