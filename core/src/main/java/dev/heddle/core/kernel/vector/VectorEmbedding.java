package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Embedding;
import dev.heddle.core.kernel.plain.PlainEmbedding;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Embedding] on the Vector API. Threads share the rows that are read, and the columns of those that are added to,
/// because two rows of a batch may have the same id.
public final class VectorEmbedding implements Embedding {
    private final Workers workers;
    private final Embedding plain = new PlainEmbedding();

    public VectorEmbedding(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void gather(Tensor y, Tensor table, int[] ids, float scale) {
        DType type = table.dtype();
        if (type.isQuantized()) {
            workers.forRange(ids.length, 1, (from, to) -> {
                for (int t = from; t < to; t++) {
                    RowsQuantized.unpack(type, y.address(t), table.address(ids[t]), y.columns());
                    if (scale != 1) {
                        Arithmetic.scale(y.address(t), y.address(t), scale, y.columns());
                    }
                }
            });
            return;
        }
        if (type != DType.F32 && type != DType.BF16 && type != DType.F16) {
            plain.gather(y, table, ids, scale);
            return;
        }
        Stretches.each(workers, ids.length, y.columns(), Stretches.LIGHT, (t, d, n) -> {
            long to = y.address(t) + 4L * d;
            long from = table.address(ids[t]) + type.bytes(d);
            switch (type) {
                case BF16 -> RowsBfloat16.unpack(to, from, n);
                case F16 -> RowsFloat16.unpack(to, from, n);
                default -> Memory.copy(to, from, 4L * n);
            }
            if (scale != 1) {
                Arithmetic.scale(to, to, scale, n);
            }
        });
    }

    @Override
    public void gatherGradient(Tensor dTable, Tensor dy, int[] ids, float scale) {
        addRows(dTable, ids, dy, scale);
    }

    @Override
    public void pick(Tensor y, Tensor x, int[] rows) {
        Stretches.each(workers, rows.length, y.columns(), Stretches.LIGHT,
                (t, d, n) -> Memory.copy(y.address(t) + 4L * d, x.address(rows[t]) + 4L * d, 4L * n));
    }

    @Override
    public void pickGradient(Tensor dx, Tensor dy, int[] rows) {
        addRows(dx, rows, dy, 1);
    }

    private void addRows(Tensor to, int[] rows, Tensor from, float scale) {
        Stretches.columns(workers, rows.length, from.columns(), Stretches.LIGHT, (_, d, n) -> {
            for (int t = 0; t < rows.length; t++) {
                long at = to.address(rows[t]) + 4L * d;
                Arithmetic.add(at, at, from.address(t) + 4L * d, scale, n);
            }
        });
    }
}
