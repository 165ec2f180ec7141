package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.MatrixShapes;
import dev.heddle.core.kernel.machine.MachineProducts;
import dev.heddle.core.kernel.machine.Panels;
import dev.heddle.core.kernel.machine.Tiles;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/// Matrix products on the Vector API.
///
/// Up to [#DIRECT] activation rows, the time goes into reading the weights: threads take short runs of weight
/// rows and read each once, in place. Beyond that it goes into arithmetic: a thread unpacks a panel of weight
/// rows to f32, which stays in its second-level cache while all activation rows pass by in register tiles. Both
/// sum in the one order described at [RowsBfloat16].
public final class VectorMatrixProduct implements MatrixProduct {
    /// Most activation rows for which weights are read in place.
    static final int DIRECT = 8;

    /// Weight rows that a thread takes at once when weights are read in place.
    private static final int RUN = 16;

    /// Weight rows of a panel, and the most elements of wider ones: the narrower the rows, the more often activations would
    /// pass by.
    private static final int PANEL = 32;
    private static final int WIDE_PANEL = 64;
    private static final int WIDE_ELEMENTS = 1 << 15;

    /// Grains of a thread's share, at least, and the most pieces of one.
    private static final int GRAINS = 8;
    private static final int LARGEST_GRAIN = 4;

    /// Quantized weight rows that a gradient expands at once.
    private static final int EXPANDED = 256;

    private final Workers workers;
    private final boolean machineCode;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
    /// What the calling thread hands to all: activations rounded to integers.
    private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);
    private final PanelMemory panelMemory = new PanelMemory();
    private final ProductGradients gradients;

    /// Products on the Vector API alone.
    public VectorMatrixProduct(Workers workers) {
        this(workers, false);
    }

    /// @param machineCode whether weights in blocks or in 16 bits are multiplied by [MachineProducts], as far as these know
    ///                    their types
    public VectorMatrixProduct(Workers workers, boolean machineCode) {
        this.workers = workers;
        this.machineCode = machineCode;
        gradients = new ProductGradients(workers, scratch);
    }

    @Override
    public void product(Tensor y, Tensor x, Tensor w) {
        MatrixShapes.product(y, x, w);
        int step = step(x.rows(), w);
        Rounded rounded = rounded(x, new int[] {0, x.rows()}, w);
        int pieces = Math.ceilDiv(w.rows(), step);
        workers.forRange(pieces, grain(pieces, x.rows()),
                (from, to) -> rows(y, x, rounded, 0, w, from * step, Math.min(to * step, w.rows())));
    }

    @Override
    public void products(Tensor[] y, Tensor x, Tensor[] w) {
        MatrixShapes.products(y, x, w);
        Rounded rounded = rounded(x, new int[] {0, x.rows()}, w);
        int total = 0;
        for (Tensor weight : w) {
            total += Math.ceilDiv(weight.rows(), step(x.rows(), weight));
        }
        workers.forRange(total, grain(total, x.rows()), (from, to) -> {
            int start = 0;
            for (int k = 0; k < w.length; k++) {
                int step = step(x.rows(), w[k]);
                int end = start + Math.ceilDiv(w[k].rows(), step);
                if (from < end && to > start) {
                    rows(y[k], x, rounded, 0, w[k], Math.max(from - start, 0) * step, Math.min((to - start) * step, w[k].rows()));
                }
                start = end;
            }
        });
    }

    /// y[i] = x[i] · w[e]ᵀ for the rows `starts[e]` ≤ i < `starts[e + 1]`, in one fork.
    void grouped(Tensor y, Tensor x, int[] starts, Tensor[] w) {
        int[] pieces = new int[w.length + 1];
        for (int e = 0; e < w.length; e++) {
            int rows = starts[e + 1] - starts[e];
            pieces[e + 1] = pieces[e] + (rows == 0 ? 0 : Math.ceilDiv(w[e].rows(), step(rows, w[e])));
        }
        Rounded rounded = rounded(x, starts, w);
        workers.forRange(pieces[w.length], 1, (from, to) -> {
            for (int e = 0; e < w.length; e++) {
                if (from < pieces[e + 1] && to > pieces[e]) {
                    int step = step(starts[e + 1] - starts[e], w[e]);
                    rows(y.rowRange(starts[e], starts[e + 1]), x.rowRange(starts[e], starts[e + 1]), rounded, starts[e], w[e],
                            Math.max(from - pieces[e], 0) * step, Math.min((to - pieces[e]) * step, w[e].rows()));
                }
            }
        });
    }

    /// Activation rows once more, as packed weights want them.
    ///
    /// @param integers where they lie as [Int8Rows], for [PackedWeights]
    /// @param tiles    the same for [MachineProducts]
    /// @param memory   where the tiles lie
    private record Rounded(long integers, Tiles tiles, long memory) {
    }

    /// Rounds the rows of `x` as some weights want them.
    ///
    /// @param starts of groups of rows that are multiplied together, and the end of the last
    private Rounded rounded(Tensor x, int[] starts, Tensor... weights) {
        boolean wanted = false;
        for (Tensor w : weights) {
            wanted |= packed(w).filter(packed -> packed.type().roundsActivations()).isPresent();
        }
        int inner = x.columns();
        long rowBytes = Int8Rows.bytes(inner);
        long bytes = wanted ? rowBytes * x.rows() : 0;
        Tiles tiles = new Tiles(x, starts, weights);
        long integers = bytes + tiles.bytes() == 0 ? 0 : shared.get().address(bytes + tiles.bytes());
        if (bytes > 0) {
            workers.forRange(x.rows(), 4, (from, to) -> {
                for (int t = from; t < to; t++) {
                    Int8Rows.round(integers + rowBytes * t, x.address(t), inner);
                }
            });
        }
        if (tiles.bytes() > 0) {
            workers.forRange(x.rows(), 8, (from, to) -> tiles.write(integers + bytes, from, to));
        }
        return new Rounded(integers, tiles, integers + bytes);
    }

    /// Pieces that a thread takes at least. At the beginning of each it waits for memory, a fifth of a microsecond, which small
    /// pieces of few rows do not earn back.
    private int grain(int pieces, int activationRows) {
        return activationRows > DIRECT ? 1 : Math.clamp(pieces / (GRAINS * workers.count()), 1, LARGEST_GRAIN);
    }

    private static int step(int activationRows, Tensor w) {
        Optional<Panels> panels = Panels.of(w);
        if (panels.isPresent()) {
            return panels.get().rows();
        }
        return packed(w).isPresent() ? PackedWeights.ROWS : activationRows <= DIRECT ? RUN : panelRows(w.columns());
    }

    private static Optional<PackedWeights> packed(Tensor w) {
        return w.storage() instanceof PackedWeights packed && packed.holds(w) ? Optional.of(packed) : Optional.empty();
    }

    private static int panelRows(int inner) {
        return inner * WIDE_PANEL <= WIDE_ELEMENTS ? WIDE_PANEL : PANEL;
    }

    /// Outputs `from` to `to` of every activation row.
    ///
    /// @param first number of the first of these rows among those that were rounded
    private void rows(Tensor y, Tensor x, Rounded rounded, int first, Tensor w, int from, int to) {
        int tokens = x.rows();
        Optional<Panels> panels = Panels.of(w);
        if (panels.isPresent()) {
            MachineProducts.product(panels.get(), y, rounded.tiles(), rounded.memory(), first, w, from, to,
                    scratch.get().address(MachineProducts.SCRATCH));
            return;
        }
        Optional<PackedWeights> packed = packed(w);
        if (packed.isPresent()) {
            PackedProduct.rows(y, x, rounded.integers() + Int8Rows.bytes(x.columns()) * first, packed.get(), w, from, to,
                    scratch.get());
            return;
        }
        boolean quantized = w.dtype().isQuantized();
        if (tokens > DIRECT || quantized && tokens > 1) {
            int most = panelRows(x.columns());
            for (int o = from; o < to; o += most) {
                panel(y, x, w, o, Math.min(o + most, to));
            }
            return;
        }
        long yAt = y.address() + 4L * from;
        long wAt = w.address(from);
        int rows = to - from;
        int inner = x.columns();
        if (quantized && tokens == 1) {
            RowsQuantized.one(w.dtype(), yAt, x.address(), wAt, w.rowBytes(), rows, inner, scratch.get().address(RowsQuantized.scratchBytes(inner)));
            return;
        }
        if (tokens == 1) {
            switch (w.dtype()) {
                case F32 -> RowsF32.one(yAt, x.address(), wAt, w.rowBytes(), rows, inner);
                case BF16 -> RowsBfloat16.one(yAt, x.address(), wAt, w.rowBytes(), rows, inner);
                default -> RowsFloat16.one(yAt, x.address(), wAt, w.rowBytes(), rows, inner);
            }
            return;
        }
        for (int t = 0; t < tokens; t += 4) {
            long yRow = yAt + t * y.rowBytes();
            long xRow = x.address(t);
            int n = Math.min(4, tokens - t);
            switch (w.dtype()) {
                case F32 -> RowsF32.four(yRow, y.rowBytes(), xRow, x.rowBytes(), n, wAt, w.rowBytes(), rows, inner);
                case BF16 -> RowsBfloat16.four(yRow, y.rowBytes(), xRow, x.rowBytes(), n, wAt, w.rowBytes(), rows, inner);
                default -> RowsFloat16.four(yRow, y.rowBytes(), xRow, x.rowBytes(), n, wAt, w.rowBytes(), rows, inner);
            }
        }
    }

    private void panel(Tensor y, Tensor x, Tensor w, int from, int to) {
        int inner = x.columns();
        int rows = to - from;
        long panelRow = Panel.rowBytes(inner);
        long panelBytes = panelRow * panelRows(inner);
        long panel = scratch.get().address(panelBytes + Panel.sumsBytes(panelRows(inner)));
        for (int o = from; o < to; o++) {
            unpack(panel + (o - from) * panelRow, w.dtype(), w.address(o), inner);
        }
        for (int t = 0; t < x.rows(); t += Panel.TILE) {
            Panel.four(y.address(t) + 4L * from, y.rowBytes(), x.address(t), x.rowBytes(), Math.min(Panel.TILE, x.rows() - t),
                    panel, panelRow, rows, inner, panel + panelBytes);
        }
    }

    /// `n` weights as f32.
    static void unpack(long to, DType type, long from, int n) {
        switch (type) {
            case F32 -> RowsF32.unpack(to, from, n);
            case BF16 -> RowsBfloat16.unpack(to, from, n);
            case F16 -> RowsFloat16.unpack(to, from, n);
            case F64, I64, I32, I16, I8, U8, BOOL -> throw new IllegalArgumentException("weights cannot be " + type);
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K -> RowsQuantized.unpack(type, to, from, n);
        }
    }

    @Override
    public Tensor prepared(Tensor w) {
        if (w.elements() == 0 || packed(w).isPresent() || Panels.of(w).isPresent()) {
            return w;
        }
        Optional<PackedType> type = PackedType.of(w.dtype());
        if (machineCode && Panels.canHold(w)) {
            boolean fits = type.isPresent() ? type.get().roundsActivations() || panelMemory.affords(w) : panelMemory.affordsCopy(w);
            return fits ? Panels.lay(w, workers, panelMemory::take) : w;
        }
        if (type.isEmpty()) {
            return panelMemory.copied(w, workers);
        }
        return type.get().roundsActivations() || panelMemory.affords(w) ? PackedWeights.pack(w, type.get(), workers, panelMemory) : w;
    }

    @Override
    public void inputGradient(Tensor dx, Tensor dy, Tensor w) {
        MatrixShapes.product(dy, dx, w);
        if (w.dtype().isQuantized()) {
            expandedInputGradient(dx, dy, w);
            return;
        }
        gradients.input(dx, dy, w);
    }

    /// With quantized weights, expanded to f32 a few rows at a time.
    private void expandedInputGradient(Tensor dx, Tensor dy, Tensor w) {
        try (Arena arena = Arena.ofShared()) {
            Tensor some = Tensor.zeros(arena, DType.F32, EXPANDED, w.columns());
            for (int o = 0; o < w.rows(); o += EXPANDED) {
                int first = o;
                int depth = Math.min(EXPANDED, w.rows() - o);
                workers.forRange(depth, 8, (from, to) -> {
                    for (int k = from; k < to; k++) {
                        unpack(some.address(k), w.dtype(), w.address(first + k), w.columns());
                    }
                });
                inputGradient(dx, dy.columnRange(o, o + depth), some.rowRange(0, depth));
            }
        }
    }

    @Override
    public void weightGradient(Tensor dw, Tensor dy, Tensor x) {
        MatrixShapes.weightGradient(dw, dy, x);
        gradients.weight(dw, dy, x);
    }
}
