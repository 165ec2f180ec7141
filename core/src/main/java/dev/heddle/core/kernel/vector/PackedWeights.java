package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;

import dev.heddle.core.kernel.LaidOutWeights;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Weights in blocks, a second time for products: panels of [#ROWS] rows that lie side by side in the lanes of vectors
/// ([PackedType]).
///
/// With activations x ≈ e·q ([Int8Rows]) and weights scale·(n − centre) + minimum, a group of 16 or 32 elements
/// contributes (scale·e)·S + minimum·(e·Σq), where S = Σ (n − centre)·q is an exact integer: a 16-bit lane sums half of it,
/// the elements of even or of odd numbers, at most 32512 in magnitude, and may do so modulo 2¹⁶ as Σ n·q − centre·Σq. In
/// floating point an output adds up its groups one after the other: sum = fma(S, scale·e, sum), and where the type has minima
/// sum = fma(minimum + centre·scale, e·Σq, sum) with S of n − centre. Every product with these weights, of few rows
/// ([PackedRows]) or many ([PackedTile]), holds to that order. Weights of eight bits are multiplied by activations that are
/// not rounded, in the order of [Bytes8].
final class PackedWeights extends LaidOutWeights {
    /// Rows of a panel: those of two vectors.
    static final int ROWS = 2 * COUNT;

    /// Pairs of 16-bit numbers, as many as [Lanes#F] has floats.
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(32 * COUNT));

    /// Bytes of a vector.
    static final long STEP = 4L * COUNT;

    private final PackedType type;
    private final Storage panels;

    private PackedWeights(Tensor blocks, PackedType type, Storage panels) {
        super(blocks);
        this.type = type;
        this.panels = panels;
    }

    /// The tensor with these blocks as it was, and packed for products.
    ///
    /// A tensor with a scale that is no finite number stays as it is.
    static Tensor pack(Tensor w, PackedType type, Workers workers, PanelMemory allocator) {
        long bytes = type.panelBytes(w.columns());
        int panels = Math.ceilDiv(w.rows(), ROWS);
        Storage memory = allocator.take(bytes * panels + Lanes.B.length()); // the last vector of bytes may be wider than what is left
        PackedWeights packed = new PackedWeights(w, type, memory);
        AtomicBoolean finite = new AtomicBoolean(true);
        workers.forRange(panels, 1, (from, to) -> {
            try (Arena arena = Arena.ofConfined()) {
                long integers = Memory.allocate(arena, w.columns()).address();
                byte[] in = new byte[type == PackedType.Q8_0 ? Math.toIntExact(bytes) : 0];
                byte[] out = new byte[in.length];
                for (int p = from; p < to; p++) {
                    int rows = Math.min(ROWS, w.rows() - p * ROWS);
                    long panel = memory.address() + bytes * p;
                    long row = w.address((long) p * ROWS);
                    boolean packable = type == PackedType.Q8_0 ? Bytes8.pack(panel, row, rows, w.columns() / 32, in, out)
                            : packed.rows(panel, row, w.rowBytes(), rows, integers);
                    if (!packable) {
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
        return Tensor.of(packed, w.offset(), w.dtype(), w.shape());
    }

    /// @return whether all scales are finite
    private boolean rows(long panel, long from, long rowBytes, int rows, long integers) {
        for (int r = 0; r < rows; r++) {
            long row = from + r * rowBytes;
            if (!isFinite(row)) {
                return false;
            }
            row(panel, r, row, integers);
        }
        return true;
    }

    private boolean isFinite(long row) {
        boolean finite = true;
        for (long end = row + type.dtype().bytes(inner()); row < end; row += type.dtype().blockBytes()) {
            finite &= PackedScales.areFinite(type, row);
        }
        return finite;
    }

    private void row(long panel, int row, long from, long integers) {
        BlockIntegers.read(type, integers, from, inner());
        int blocks = inner() / 32;
        for (int b = 0; b < blocks; b += type.chunk()) {
            int some = Math.min(type.chunk(), blocks - b);
            PackedScales.pack(type, panel, row, from, some);
            long words = panel + type.scaleBytes(some) + 4L * row;
            switch (type.bits()) {
                case 3 -> Words3.pack(words, integers + 32L * b, some);
                case 4 -> Words4.pack(words, integers + 32L * b, some);
                case 5 -> Words5.pack(words, integers + 32L * b, some);
                default -> Words6.pack(words, integers + 32L * b, some);
            }
            panel += type.chunkBytes(some);
            from += type.dtype().bytes(32L * some);
        }
    }

    PackedType type() {
        return type;
    }

    /// Address of a panel.
    long panel(int index) {
        return panels.address() + type.panelBytes(inner()) * index;
    }
}
