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

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for the outputs `from` to `to`.
    ///
    /// @param y      of a group of rows
    /// @param memory of the tiles
    /// @param first  number of the group's first row among those of the tiles
    public static void product(Panels panels, Tensor y, Tiles tiles, long memory, int first, Tensor w, int from, int to,
            long scratch) {
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
                long tile = tiles.rows(type.format(), memory, first + t);
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
        return MULTIPLICATIONS.get(type).computeIfAbsent(tokens,
                n -> type.isFloat() ? FloatMultiplication.of(type, n) : Multiplication.of(type, n));
    }
}
