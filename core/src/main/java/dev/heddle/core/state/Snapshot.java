package dev.heddle.core.state;

import java.util.List;

/// Everything a sequence remembers, copied to the host as it is stored: [StatePool#snapshot] reads it, [StatePool#restore]
/// makes a sequence of it that goes on with the same bits.
///
/// @param types     how it is stored
/// @param position  tokens the sequence has seen
/// @param recurrent each recurrent state
/// @param keyValues pages of each attention layer
public record Snapshot(StateTypes types, long position, List<byte[]> recurrent, List<Pages> keyValues) {
    /// Keys and values of one attention layer.
    ///
    /// @param held   which pages of the sequence, counted from its start, are here; a window has dropped the others
    /// @param keys   rows of the held pages, one after the other
    /// @param values likewise
    public record Pages(int[] held, byte[] keys, byte[] values) {
    }

    public Snapshot {
        recurrent = List.copyOf(recurrent);
        keyValues = List.copyOf(keyValues);
    }
}
