package dev.heddle.core.kernel.machine;

import dev.heddle.core.kernel.LaidOutWeights;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongFunction;

/// Weights in blocks or in 16 bits, a second time for products in machine code: panels of 16 or 64 rows that lie side by side in
/// the lanes of vectors ([PanelType]).
///
/// With activations x ≈ e·q ([RowFormat]) and weights scale·(n − centre) + minimum, a group of 16 or 32 elements contributes
/// (scale·e)·S + minimum·(e·Σq), where S = Σ(n − centre)·q = Σn·q − centre·Σq is an exact integer. In floating point an output
/// adds up its groups one after the other: sum = fma(S, scale·e, sum), and where the type has minima
/// sum = fma(minimum + centre·scale, e·Σq, sum). Weights of 16 bits are multiplied by f32 activations: 32 products are added one
/// after the other, p = fma(w, x, p), and their sum to that of the output. So an output has the same bits however many rows a
/// product has.
public final class Panels extends LaidOutWeights {
    private final PanelType type;
    private final Storage panels;

    private Panels(Tensor blocks, PanelType type, Storage panels) {
        super(blocks);
        this.type = type;
        this.panels = panels;
    }

    /// Whether weights like these can be laid out: their type is one of [PanelType], their rows are whole blocks of 32
    /// elements, and they are not empty.
    public static boolean canHold(Tensor w) {
        return w.elements() > 0 && w.columns() % 32 == 0 && w.rowBytes() < Integer.MAX_VALUE / 64
                && PanelType.of(w.dtype()).isPresent();
    }

    /// The tensor with these blocks as it was, and laid out for products. One with a scale that is no finite number stays as it is.
    ///
    /// @param memory gives so many bytes
    public static Tensor lay(Tensor w, Workers workers, LongFunction<Storage> memory) {
        PanelType type = PanelType.of(w.dtype()).orElseThrow();
        long bytes = type.panelBytes(w.columns());
        int height = type.rows();
        int count = Math.ceilDiv(w.rows(), height);
        Panels panels = new Panels(w, type, memory.apply(bytes * count));
        MachineCode pack = MachineProducts.packing(type);
        AtomicBoolean finite = new AtomicBoolean(true);
        workers.forRange(count, 1, (from, to) -> {
            try (Arena arena = Arena.ofConfined()) {
                long distances = Memory.allocate(arena, 4L * height).address();
                for (int p = from; p < to; p++) {
                    int rows = Math.min(height, w.rows() - p * height);
                    for (int r = 0; r < height; r++) {
                        Memory.i32(distances + 4L * r, Math.toIntExact(w.rowBytes() * Math.min(r, rows - 1)));
                    }
                    if (pack.call(panels.panel(p), w.address(p * height), distances, type.chunks(w.columns()), 0, 0) != 0) {
                        finite.set(false);
                        return;
                    }
                }
            }
        });
        if (!finite.get()) {
            return w;
        }
        w.storage().unload(w.offset(), w.bytes());
        return Tensor.of(panels, w.offset(), w.dtype(), w.shape());
    }

    /// The panels of these weights, if they have some and `w` is whole rows of them.
    public static Optional<Panels> of(Tensor w) {
        return w.storage() instanceof Panels panels && panels.holds(w) ? Optional.of(panels) : Optional.empty();
    }

    /// Rows of a panel.
    public int rows() {
        return type.rows();
    }

    PanelType type() {
        return type;
    }

    /// Address of a panel.
    long panel(int index) {
        return panels.address() + type.panelBytes(inner()) * index;
    }
}
