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
    public static final long SCRATCH = 4L * 64 * RowFormat.FLOATS.tokens();

    private static final RowFormat[] FORMATS = RowFormat.values();
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

    /// Bytes of memory that activation rows take, in all formats.
    public static long roundedBytes(int rows, int inner) {
        long bytes = 0;
        for (RowFormat format : FORMATS) {
            bytes += rows * format.rowBytes(inner);
        }
        return bytes;
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
            int tile = starts[group] + (row - starts[group]) / format.tokens() * format.tokens();
            int tokens = Math.min(format.tokens(), starts[group + 1] - tile);
            rounding.call(rows(format, rounded, x.rows(), inner, tile) + (long) format.bytes() * (row - tile), x.address(row), inner / 32,
                    (long) format.bytes() * tokens, 0, 0);
        }
    }

    /// Where rows from `first` on lie, a multiple of a tile behind the first row of a product.
    private static long rows(RowFormat format, long rounded, int rows, int inner, int first) {
        long start = rounded;
        for (int f = 0; f < format.ordinal(); f++) {
            start += FORMATS[f].rowBytes(inner) * rows;
        }
        return start + format.rowBytes(inner) * first;
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for the outputs `from` to `to`.
    ///
    /// @param y       of the rows that the product takes together
    /// @param rounded memory with all activation rows that were rounded, `rows` of them
    /// @param first   number of the first of this product's
    public static void product(Panels panels, Tensor y, long rounded, int rows, int first, Tensor w, int from, int to, long scratch) {
        PanelType type = panels.type();
        int height = type.rows();
        int shift = panels.firstRow(w);
        int most = type.format().tokens();
        while (from < to) {
            int skip = (shift + from) % height;
            int whole = skip == 0 ? (to - from) / height : 0;
            // a panel stays in the second-level cache while many tiles pass by
            int some = y.rows() > most ? Math.min(1, whole) : whole;
            int outputs = some > 0 ? some * height : Math.min(height - skip, to - from);
            long panel = panels.panel((shift + from) / height);
            for (int t = 0; t < y.rows(); t += most) {
                int tokens = Math.min(most, y.rows() - t);
                long yAt = y.address(t) + 4L * from;
                long tile = rows(type.format(), rounded, rows, w.columns(), first + t);
                MachineCode multiplication = multiplication(type, tokens);
                if (some > 0) {
                    multiplication.call(yAt, y.rowBytes(), tile, panel, type.chunks(w.columns()), some);
                } else {
                    multiplication.call(scratch, 4L * height, tile, panel, type.chunks(w.columns()), 1);
                    for (int k = 0; k < tokens; k++) {
                        Memory.copy(yAt + k * y.rowBytes(), scratch + 4L * height * k + 4L * skip, 4L * outputs);
                    }
                }
            }
            from += outputs;
        }
    }

    private static MachineCode multiplication(PanelType type, int tokens) {
        return MULTIPLICATIONS.get(type).computeIfAbsent(tokens, n -> type.isFloat() ? FloatMultiplication.of(type, n) : Multiplication.of(type, n));
    }
}
