package dev.heddle.core.kernel.machine;

import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Products with [Panels]. Each function is written when it is first called.
public final class MachineProducts {
    /// Bytes of scratch memory that [#product] needs.
    public static final long SCRATCH = 4L * Panels.ROWS * RowFormat.TOKENS;

    private static final Map<RowFormat, MachineCode> ROUNDINGS = new ConcurrentHashMap<>();
    private static final Map<PanelType, MachineCode> PACKINGS = new ConcurrentHashMap<>();
    private static final Map<PanelType, Map<Integer, MachineCode>> MULTIPLICATIONS = new EnumMap<>(PanelType.class);

    static {
        for (PanelType type : PanelType.values()) {
            MULTIPLICATIONS.put(type, new ConcurrentHashMap<>());
        }
    }

    private MachineProducts() {
    }

    static MachineCode packing(PanelType type) {
        return PACKINGS.computeIfAbsent(type, Packing::of);
    }

    /// Bytes of memory that rounded activation rows take, in both formats.
    public static long roundedBytes(int rows, int inner) {
        return rows * (RowFormat.EIGHT_BITS.rowBytes(inner) + RowFormat.SIXTEEN_BITS.rowBytes(inner));
    }

    /// Of some weights one for each way in which products with them want activations.
    public static Panels[] formats(Tensor... weights) {
        Map<RowFormat, Panels> formats = new EnumMap<>(RowFormat.class);
        for (Tensor w : weights) {
            Panels.of(w).ifPresent(panels -> formats.put(panels.type().format(), panels));
        }
        return formats.values().toArray(Panels[]::new);
    }

    /// Rounds the rows `from` to `to` of `x` as products with `panels` want them.
    ///
    /// @param rounded memory for all rows of `x`, of [#roundedBytes] bytes
    /// @param starts  of groups of rows that are multiplied together, and the end of the last
    public static void round(Panels panels, long rounded, Tensor x, int[] starts, int from, int to) {
        RowFormat format = panels.type().format();
        MachineCode rounding = ROUNDINGS.computeIfAbsent(format, Rounding::of);
        int inner = x.columns();
        int group = 0;
        for (int row = from; row < to; row++) {
            while (starts[group + 1] <= row) {
                group++;
            }
            int tile = starts[group] + (row - starts[group]) / RowFormat.TOKENS * RowFormat.TOKENS;
            int tokens = Math.min(RowFormat.TOKENS, starts[group + 1] - tile);
            rounding.call(rows(format, rounded, x.rows(), inner, tile) + (long) format.bytes() * (row - tile), x.address(row), inner / 32,
                    (long) format.bytes() * tokens, 0, 0);
        }
    }

    /// Where rows from `first` on lie, a multiple of a tile behind the first row of a product.
    private static long rows(RowFormat format, long rounded, int rows, int inner, int first) {
        long start = format == RowFormat.EIGHT_BITS ? 0 : RowFormat.EIGHT_BITS.rowBytes(inner) * rows;
        return rounded + start + format.rowBytes(inner) * first;
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for the outputs `from` to `to`.
    ///
    /// @param y       of the rows that the product takes together
    /// @param rounded memory with all activation rows that were rounded, `rows` of them
    /// @param first   number of the first of this product's
    public static void product(Panels panels, Tensor y, long rounded, int rows, int first, Tensor w, int from, int to, long scratch) {
        int inner = w.columns();
        PanelType type = panels.type();
        int shift = panels.firstRow(w);
        while (from < to) {
            int skip = (shift + from) % Panels.ROWS;
            int whole = skip == 0 ? (to - from) / Panels.ROWS : 0;
            int outputs = whole > 0 ? whole * Panels.ROWS : Math.min(Panels.ROWS - skip, to - from);
            int panel = (shift + from) / Panels.ROWS;
            // a panel stays in the second-level cache while many tiles pass by
            int some = y.rows() > RowFormat.TOKENS ? 1 : Math.max(whole, 1);
            for (int p = 0; p < Math.max(whole, 1); p += some) {
                for (int t = 0; t < y.rows(); t += RowFormat.TOKENS) {
                    int tokens = Math.min(RowFormat.TOKENS, y.rows() - t);
                    long to0 = y.address(t) + 4L * (from + p * Panels.ROWS);
                    long tile = rows(type.format(), rounded, rows, inner, first + t);
                    MachineCode multiplication = multiplication(type, tokens);
                    if (whole > 0) {
                        multiplication.call(to0, y.rowBytes(), tile, panels.panel(panel + p), type.chunks(inner), some);
                    } else {
                        multiplication.call(scratch, 4L * Panels.ROWS, tile, panels.panel(panel), type.chunks(inner), 1);
                        for (int k = 0; k < tokens; k++) {
                            Memory.copy(to0 + k * y.rowBytes(), scratch + 4L * Panels.ROWS * k + 4L * skip, 4L * outputs);
                        }
                    }
                }
            }
            from += outputs;
        }
    }

    private static MachineCode multiplication(PanelType type, int tokens) {
        return MULTIPLICATIONS.get(type).computeIfAbsent(tokens, n -> Multiplication.of(type, n));
    }
}
