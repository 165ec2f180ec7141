package dev.heddle.core.state;

import dev.heddle.core.tensor.Storage;
import java.util.List;

/// What a sequence remembered at one position, kept on the device for sequences that go on from there. It takes no slot:
/// recurrent states have memory of their own, pages of keys and values are shared. Closing it gives them back.
public final class KeptState implements AutoCloseable {
    private final StatePool pool;
    private final long position;
    private final Storage storage;
    private final List<int[]> pages;
    private boolean open = true;

    /// @param storage recurrent states, one after the other
    /// @param pages   of each of the pool's page tables
    KeptState(StatePool pool, long position, Storage storage, List<int[]> pages) {
        this.pool = pool;
        this.position = position;
        this.storage = storage;
        this.pages = pages;
    }

    /// Tokens the sequence had seen.
    public long position() {
        return position;
    }

    Storage storage() {
        return storage;
    }

    List<int[]> pages() {
        return pages;
    }

    /// A new sequence that goes on from here.
    public SequenceState resume() {
        if (!open) {
            throw new IllegalStateException("this kept state is closed");
        }
        return pool.resume(this);
    }

    @Override
    public void close() {
        if (open) {
            pool.forget(this);
            open = false;
        }
    }
}
