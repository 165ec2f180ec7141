package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.machine.MachineAttention;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Attention] on the Vector API. A segment of one row is decoded ([DecodeAttention]), a longer one worked off in
/// blocks of rows ([PrefillAttention]); threads share key/value heads, blocks of rows and parts of the context.
public final class VectorAttention implements Attention {
    /// Multiplications that are worth a second thread.
    private static final long FORK = 1 << 17;

    private final Workers workers;
    private final boolean machineCode;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
    private final ThreadLocal<Scratch> partials = ThreadLocal.withInitial(Scratch::new);

    /// Attention on the Vector API alone.
    public VectorAttention(Workers workers) {
        this(workers, false);
    }

    /// @param machineCode whether a single position reads keys and values with [MachineAttention], as far as it knows their types
    public VectorAttention(Workers workers, boolean machineCode) {
        this.workers = workers;
        this.machineCode = machineCode;
    }

    @Override
    public void append(KeyValues cache, Tensor k, Tensor v, Segments segments) {
        int width = Math.max(1, k.columns() + v.columns());
        workers.forRange(segments.rows(), Math.ceilDiv(Stretches.LIGHT / 2, width), (from, to) -> {
            int s = segments.of(from);
            for (int t = from; t < to; t++) {
                while (t >= segments.end(s)) {
                    s++;
                }
                long row = cache.row(segments.slots()[s], segments.positions()[s] + t - segments.start(s));
                pack(cache.keys(), row, k, t);
                pack(cache.values(), row, v, t);
            }
        });
    }

    private static void pack(Tensor to, long row, Tensor from, int t) {
        long out = to.address(row);
        long in = from.address(t);
        int n = from.columns();
        switch (to.dtype()) {
            case F32 -> Memory.copy(out, in, 4L * n);
            case BF16 -> {
                for (int d = 0; d < n; d++) {
                    Memory.i16(out + 2L * d, Memory.toBfloat16(Memory.f32(in + 4L * d)));
                }
            }
            case F16 -> {
                for (int d = 0; d < n; d++) {
                    Memory.i16(out + 2L * d, Float.floatToFloat16(Memory.f32(in + 4L * d)));
                }
            }
            case Q8_0 -> Blocks.storeQ8_0(out, in, n);
            case F64, I64, I32, I16, I8, U8, BOOL, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K ->
                throw new IllegalArgumentException("keys and values cannot be " + to.dtype());
        }
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, KeyValues cache, Segments segments) {
        int count = segments.count();
        int rows = PrefillAttention.rows(shape);
        int cuts = cuts(shape, segments);
        int[] units = new int[count + 1];
        long[] partial = new long[count + 1];
        long work = 0;
        for (int s = 0; s < count; s++) {
            int length = segments.length(s);
            long position = segments.positions()[s];
            int pieces = length == 1 ? DecodeAttention.parts(position) : Math.ceilDiv(length, rows);
            units[s + 1] = units[s] + pieces * (length == 1 ? cuts : shape.kvHeads());
            partial[s + 1] = partial[s] + (length == 1 ? (long) pieces * shape.heads() * DecodeAttention.partialBytes(shape) : 0);
            work += length * (position + length) * shape.heads() * (shape.headDim() + shape.valueDim());
        }
        long memory = partials.get().address(partial[count]);
        PrefillAttention prefill = new PrefillAttention(shape, q, cache);
        workers.forRange(units[count], work < FORK ? units[count] : 1, (from, to) -> {
            int s = 0;
            for (int unit = from; unit < to; unit++) {
                while (unit >= units[s + 1]) {
                    s++;
                }
                unit(shape, y, q, cache, segments, s, unit - units[s], cuts, memory + partial[s], prefill);
            }
        });
        for (int s = 0; s < count; s++) {
            if (segments.length(s) == 1) {
                decode(shape, q, cache, segments, s).combine(y, memory + partial[s]);
            }
        }
    }

    /// Groups of key/value heads that positions alone are divided into: one, unless the context has too few parts for all threads.
    private int cuts(Shape shape, Segments segments) {
        int parts = 0;
        for (int s = 0; s < segments.count(); s++) {
            parts += segments.length(s) == 1 ? DecodeAttention.parts(segments.positions()[s]) : 0;
        }
        return parts >= 2 * workers.count() ? 1 : Math.min(workers.count(), shape.kvHeads());
    }

    private DecodeAttention decode(Shape shape, Tensor q, KeyValues cache, Segments segments, int s) {
        return new DecodeAttention(shape, q, cache, machineCode, segments.slots()[s], segments.start(s), segments.positions()[s]);
    }

    private void unit(Shape shape, Tensor y, Tensor q, KeyValues cache, Segments segments, int s, int unit, int cuts,
            long partial, PrefillAttention prefill) {
        long position = segments.positions()[s];
        if (segments.length(s) == 1) {
            int parts = DecodeAttention.parts(position);
            int cut = unit / parts;
            int g = shape.kvHeads() * cut / cuts;
            int end = shape.kvHeads() * (cut + 1) / cuts;
            long head = shape.heads() / shape.kvHeads() * DecodeAttention.partialBytes(shape);
            decode(shape, q, cache, segments, s).run(g, end - g, unit % parts, partial + ((long) g * parts + unit % parts) * head,
                    parts * head, scratch.get());
            return;
        }
        int rows = PrefillAttention.rows(shape);
        int first = unit / shape.kvHeads() * rows;
        prefill.run(y, segments.slots()[s], segments.start(s) + first, Math.min(rows, segments.length(s) - first),
                position + first, unit % shape.kvHeads(), scratch.get());
    }

    @Override
    public void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor y, Tensor q, KeyValues cache,
            Segments segments) {
        workers.forRange(segments.count() * shape.kvHeads(), 1, (from, to) -> {
            AttentionGradient gradient = new AttentionGradient(shape, dq, dk, dv, dy, y, q, cache);
            for (int unit = from; unit < to; unit++) {
                int s = unit / shape.kvHeads();
                if (segments.length(s) > 0) {
                    gradient.run(segments.slots()[s], segments.start(s), segments.length(s), segments.positions()[s],
                            unit % shape.kvHeads(), scratch.get());
                }
            }
        });
    }
}
