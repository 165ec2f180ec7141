package dev.heddle.core.state;

/// A sequence's place in a [StatePool]: a slot of every recurrent state and pages of keys and values.
/// Closing it gives the place back.
public final class SequenceState implements AutoCloseable {
    private final StatePool pool;
    private final int slot;
    private long position;
    private boolean open = true;

    SequenceState(StatePool pool, int slot) {
        this.pool = pool;
        this.slot = slot;
    }

    public StatePool pool() {
        return pool;
    }

    /// The slot in the pool's tensors.
    public int slot() {
        if (!open) {
            throw new IllegalStateException("this sequence is closed");
        }
        return slot;
    }

    /// Tokens the sequence has seen.
    public long position() {
        return position;
    }

    /// Rows the sequence has been fed: its tokens and the rows before them.
    public long rows() {
        return position == 0 ? 0 : pool.layout().prologue() + position;
    }

    /// Makes room for `tokens` more positions before a pass.
    void advance(long tokens) {
        position += tokens;
    }

    void position(long position) {
        this.position = position;
    }

    /// A copy that goes its own way from here.
    public SequenceState fork() {
        return pool.fork(this);
    }

    /// Forgets everything.
    public void reset() {
        pool.reset(this);
    }

    /// Bytes this sequence holds: recurrent states and pages of keys and values.
    public long bytes() {
        return pool.bytes(this);
    }

    @Override
    public void close() {
        if (open) {
            pool.release(this);
            open = false;
        }
    }
}
