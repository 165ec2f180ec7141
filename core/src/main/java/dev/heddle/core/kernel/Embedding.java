package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Rows of a table by token id.
public interface Embedding {
    /// y[t] = scale · table[ids[t]].
    void gather(Tensor y, Tensor table, int[] ids, float scale);

    /// dTable[ids[t]] += scale · dy[t], in row order.
    void gatherGradient(Tensor dTable, Tensor dy, int[] ids, float scale);

    /// y[i] = x[rows[i]], for picking the rows that want logits.
    void pick(Tensor y, Tensor x, int[] rows);

    /// dx[rows[i]] += dy[i].
    void pickGradient(Tensor dx, Tensor dy, int[] rows);
}
