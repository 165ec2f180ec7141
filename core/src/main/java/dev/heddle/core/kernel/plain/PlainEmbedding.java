package dev.heddle.core.kernel.plain;

import dev.heddle.core.kernel.Embedding;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;

/// [Embedding] in plain loops.
public final class PlainEmbedding implements Embedding {
    @Override
    public void gather(Tensor y, Tensor table, int[] ids, float scale) {
        float[] row = new float[table.columns()];
        for (int t = 0; t < ids.length; t++) {
            Blocks.row(table, ids[t], row);
            for (int d = 0; d < y.columns(); d++) {
                Memory.f32(y.address(t) + 4L * d, scale * row[d]);
            }
        }
    }

    @Override
    public void gatherGradient(Tensor dTable, Tensor dy, int[] ids, float scale) {
        for (int t = 0; t < ids.length; t++) {
            add(dTable, ids[t], dy, t, scale);
        }
    }

    @Override
    public void pick(Tensor y, Tensor x, int[] rows) {
        for (int i = 0; i < rows.length; i++) {
            for (int d = 0; d < y.columns(); d++) {
                Memory.f32(y.address(i) + 4L * d, Memory.f32(x.address(rows[i]) + 4L * d));
            }
        }
    }

    @Override
    public void pickGradient(Tensor dx, Tensor dy, int[] rows) {
        for (int i = 0; i < rows.length; i++) {
            add(dx, rows[i], dy, i, 1);
        }
    }

    private static void add(Tensor to, int row, Tensor from, int t, float scale) {
        for (int d = 0; d < from.columns(); d++) {
            long address = to.address(row) + 4L * d;
            Memory.f32(address, Memory.f32(address) + scale * Memory.f32(from.address(t) + 4L * d));
        }
    }
}
