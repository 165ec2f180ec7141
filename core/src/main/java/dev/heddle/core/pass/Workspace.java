package dev.heddle.core.pass;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Scratch memory of a pass, handed out in a row and given back in reverse: [#mark] before, [#release] after.
/// The slabs stay, so a decode step allocates nothing of size.
public final class Workspace implements AutoCloseable {
    private static final long SLAB = 16L << 20;
    private static final long ALIGNMENT = 64;

    private final Backend backend;
    private final boolean poison;
    private final List<Storage> slabs = new ArrayList<>();
    /// Bytes handed out of all slabs before each.
    private final List<Long> before = new ArrayList<>();
    private int slab;
    private long used;
    private long peak;

    public Workspace(Backend backend) {
        this(backend, false);
    }

    /// @param poison fills what it hands out with NaN, so that a kernel which reads before it writes shows
    public Workspace(Backend backend, boolean poison) {
        this.backend = backend;
        this.poison = poison;
        before.add(0L);
    }

    /// Uninitialised memory for a tensor.
    public Tensor take(DType type, long... shape) {
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        long bytes = (type.bytes(elements) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        while (slab < slabs.size() && used + bytes > slabs.get(slab).bytes()) {
            next();
        }
        if (slab == slabs.size()) {
            slabs.add(backend.allocate(Math.max(SLAB, bytes)));
        }
        Tensor tensor = Tensor.of(slabs.get(slab), used, type, shape);
        used += bytes;
        peak = Math.max(peak, before.get(slab) + used);
        if (poison && type == DType.F32) {
            backend.fill(tensor, Float.NaN);
        }
        return tensor;
    }

    private void next() {
        long all = before.get(slab) + used;
        slab++;
        used = 0;
        if (slab == before.size()) {
            before.add(all);
        } else {
            before.set(slab, all);
        }
    }

    /// Where the next tensor would lie.
    public long mark() {
        return ((long) slab << 44) | used;
    }

    /// Takes back everything handed out since `mark`.
    public void release(long mark) {
        slab = (int) (mark >>> 44);
        used = mark & ((1L << 44) - 1);
    }

    /// Most bytes that were ever handed out at a time.
    public long peak() {
        return peak;
    }

    /// Bytes of all slabs.
    public long bytes() {
        return slabs.stream().mapToLong(Storage::bytes).sum();
    }

    @Override
    public void close() {
        slabs.forEach(backend::free);
        slabs.clear();
        slab = 0;
        used = 0;
    }
}
