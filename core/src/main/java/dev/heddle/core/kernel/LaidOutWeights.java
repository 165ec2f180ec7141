package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;

/// Weights that products keep a second time, laid out as they read them fastest. To all others this is the storage of the
/// weights themselves.
public abstract class LaidOutWeights implements Storage {
    private final Storage weights;
    private final long first;
    private final int inner;

    /// @param weights [O, I], contiguous
    protected LaidOutWeights(Tensor weights) {
        this.weights = weights.storage();
        first = weights.address();
        inner = weights.columns();
    }

    /// Elements of a row.
    protected final int inner() {
        return inner;
    }

    /// Whether a view of these weights is whole rows of them.
    public final boolean holds(Tensor view) {
        return view.columns() == inner && view.isContiguous();
    }

    /// Number of the row at which a view of these weights begins.
    public final int firstRow(Tensor view) {
        return Math.toIntExact((view.address() - first) / view.rowBytes());
    }

    @Override
    public final long bytes() {
        return weights.bytes();
    }

    @Override
    public final long address() {
        return weights.address();
    }

    @Override
    public final void unload(long offset, long bytes) {
        weights.unload(offset, bytes);
    }

    @Override
    public final String toString() {
        return weights + ", laid out for products";
    }
}
