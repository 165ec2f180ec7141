package dev.heddle.core.pass;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Consumer;

/// What outlives a pass: the device, its scratch memory, and values derived once from parameters.
/// One executor serves one thread at a time.
public final class Executor implements AutoCloseable {
    private final Backend backend;
    private final Workspace workspace;
    private final Workspace lasting;
    private final Map<String, Map<Tensor, Tensor>> derived = new HashMap<>();

    public Executor(Backend backend) {
        this(backend, new Workspace(backend));
    }

    public Executor(Backend backend, Workspace workspace) {
        this.backend = backend;
        this.workspace = workspace;
        lasting = new Workspace(backend);
    }

    public Backend backend() {
        return backend;
    }

    /// Scratch memory that layers take and give back.
    public Workspace workspace() {
        return workspace;
    }

    /// Memory that lasts until the next pass begins.
    public Workspace lasting() {
        return lasting;
    }

    void begin() {
        workspace.release(0);
        lasting.release(0);
    }

    /// A value that depends on parameter `source` alone (the transpose of a convolution's weight, −exp(A_log)),
    /// computed at the first call and kept.
    public Tensor derived(String kind, Tensor source, long rows, long columns, Consumer<Tensor> compute) {
        Map<Tensor, Tensor> byTensor = derived.computeIfAbsent(kind, k -> new IdentityHashMap<>());
        Tensor value = byTensor.get(source);
        if (value == null) {
            value = Tensor.of(backend.allocate(DType.F32.bytes(rows * columns)), 0, DType.F32, rows, columns);
            compute.accept(value);
            byTensor.put(source, value);
        }
        return value;
    }

    /// Forgets what was derived from parameters, because they have changed.
    public void forgetDerived() {
        derived.values().forEach(map -> map.values().forEach(tensor -> backend.free(tensor.storage())));
        derived.clear();
    }

    @Override
    public void close() {
        forgetDerived();
        workspace.close();
        lasting.close();
    }
}
