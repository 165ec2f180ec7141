package dev.heddle.core.kernel.machine;

import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The rows of some activations once more, as products with some [Panels] want them: in each of their formats, in tiles
/// ([RowFormat]).
public final class Tiles {
    private static final Map<RowFormat, MachineCode> ROUNDINGS = new ConcurrentHashMap<>();
    private static final int FORMATS = RowFormat.values().length;
    private static final long NOWHERE = -1;

    private final Tensor x;
    private final int[] starts;
    /// Where the rows of each format begin, counted from the beginning of the memory.
    private final long[] places = new long[FORMATS];
    private final long bytes;

    /// @param x      f32 [T, I]; may be a column view
    /// @param starts of groups of rows that are multiplied together, and T
    public Tiles(Tensor x, int[] starts, Tensor... weights) {
        this.x = x;
        this.starts = starts;
        Arrays.fill(places, NOWHERE);
        long end = 0;
        for (Tensor w : weights) {
            if (Panels.of(w).isPresent()) {
                RowFormat format = Panels.of(w).get().type().format();
                if (places[format.ordinal()] == NOWHERE) {
                    places[format.ordinal()] = end;
                    end += x.rows() * format.rowBytes(x.columns());
                }
            }
        }
        bytes = end;
    }

    /// Bytes of memory that they take; 0 if no weights want them.
    public long bytes() {
        return bytes;
    }

    /// Writes the rows `from` to `to`.
    public void write(long memory, int from, int to) {
        int group = 0;
        for (int row = from; row < to; row++) {
            while (starts[group + 1] <= row) {
                group++;
            }
            for (RowFormat format : RowFormat.values()) {
                if (places[format.ordinal()] != NOWHERE) {
                    write(format, memory, row, starts[group], starts[group + 1]);
                }
            }
        }
    }

    /// One row of the group that begins with row `from` and ends before `to`.
    private void write(RowFormat format, long memory, int row, int from, int to) {
        int tile = from + (row - from) / format.tokens() * format.tokens();
        int tokens = Math.min(format.tokens(), to - tile);
        long place = rows(format, memory, tile) + (long) format.bytes() * (row - tile);
        ROUNDINGS.computeIfAbsent(format, Rounding::of)
                .call(place, x.address(row), x.columns() / 32, (long) format.bytes() * tokens, 0, 0);
    }

    /// Where the tile lies that begins with row `first`.
    long rows(RowFormat format, long memory, int first) {
        return memory + places[format.ordinal()] + format.rowBytes(x.columns()) * first;
    }
}
