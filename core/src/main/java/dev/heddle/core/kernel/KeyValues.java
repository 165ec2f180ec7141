package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Keys and values of one attention layer for all sequences, in pages of a fixed number of positions. They may be f32, bf16,
/// f16 or q8_0 (then heads are whole blocks), keys and values of different types: appending rounds, attention reads what is
/// stored.
///
/// @param keys     [pages·pageRows, kvHeads·headDim]
/// @param values   [pages·pageRows, kvHeads·valueDim]
/// @param pages    pages[slot][position / pageRows] is the page that holds a position; −1 once a sliding window has
///                 left it
/// @param pageRows positions in a page
public record KeyValues(Tensor keys, Tensor values, int[][] pages, int pageRows) {
    /// Row of `keys` and `values` that holds `position` of the sequence in `slot`.
    public long row(int slot, long position) {
        return (long) pages[slot][(int) (position / pageRows)] * pageRows + position % pageRows;
    }

    /// Whether a page holds `position`, or a sliding window has left it.
    public boolean holds(int slot, long position) {
        return pages[slot][(int) (position / pageRows)] >= 0;
    }
}
