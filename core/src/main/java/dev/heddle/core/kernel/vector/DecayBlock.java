package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Memory;

/// A block of rows of a recurrence with one decay α[t] a row and a state S of N rows, as matrix products (Dao & Gu 2024,
/// section 6; Sun et al. 2023, section 2.2; Yang et al. 2024, section 3.3). With rows counted from the block's first,
///
/// L[t,s] = α[s+1]·…·α[t], M[t,s] = L[t,s]·(c[t]·b[s]) for s ≤ t;
/// y[t] = α[0]·…·α[t]·(c[t]·S) + Σ_{s≤t} M[t,s]·u[s]; S ← α[0]·…·α[n]·S + Σ_s L[n,s]·b[s]⊗u[s].
///
/// Rows of u, y and S are padded to whole vectors.
final class DecayBlock {
    private final int padded;
    private final long row;
    private final long start;
    private final long between;
    private final long weights;
    private final long u;
    private final long left;
    private final long y;

    /// @param memory of [#bytes] bytes
    DecayBlock(long memory, int padded) {
        this.padded = padded;
        row = 4L * padded;
        start = memory;
        between = start + Decays.ROW;
        weights = between + Decays.BLOCK * Decays.ROW;
        u = weights + Decays.BLOCK * Decays.ROW;
        left = u + Decays.BLOCK * row;
        y = left + Decays.BLOCK * row;
    }

    static long bytes(int padded) {
        return Decays.ROW + 2 * Decays.BLOCK * Decays.ROW + 3L * Decays.BLOCK * 4 * padded;
    }

    /// Bytes of a row of u, y and S.
    long rowBytes() {
        return row;
    }

    /// u[t], which the caller writes.
    long u(int t) {
        return u + t * row;
    }

    /// y[t] after [#run].
    long y(int t) {
        return y + t * row;
    }

    /// Address of α[0]·…·α[t] for each t.
    long start() {
        return start;
    }

    /// Address of L[t,·].
    long between(int t) {
        return between + t * Decays.ROW;
    }

    /// Bytes that [#scores] works in.
    static final long SUMS_BYTES = Panel.sumsBytes(Decays.BLOCK);

    /// c[t]·b[s] for all s ≤ t of a block, and some beyond, in rows of [Decays#ROW] bytes.
    ///
    /// @param sums scratch of [#SUMS_BYTES] bytes
    static void scores(long scores, long c, long cBytes, long b, long bBytes, int rows, int n, long sums) {
        int whole = rows / Panel.TILE * Panel.TILE;
        for (int t = 0; t < whole; t += Panel.TILE) {
            Panel.four(scores + t * Decays.ROW, Decays.ROW, c + t * cBytes, cBytes, Panel.TILE, b, bBytes, t + Panel.TILE, n,
                    sums);
        }
        if (whole < rows) {
            // a panel would read rows past the block; the same sums in the same order
            int t = whole;
            int count = rows - whole;
            RowsF32.four(scores + t * Decays.ROW, Decays.ROW, c + t * cBytes, cBytes, count, b, bBytes, t + count, n);
        }
    }

    /// Takes the decays of the block; before [#run].
    void decays(long alpha, int rows) {
        Decays.compute(alpha, rows, start, between);
    }

    /// The same with e^`logDecay` in every row of every block to come.
    void decays(double logDecay) {
        Decays.powers(logDecay, start, between);
    }

    /// Computes y and replaces S.
    ///
    /// @param s      [states, padded]
    /// @param scores as [#scores] leaves them
    void run(long s, int states, int rows, long c, long cBytes, long b, long bBytes, long scores) {
        for (int t = 0; t < rows; t++) {
            Decays.weigh(weights + t * Decays.ROW, between(t), scores + t * Decays.ROW, t);
        }
        BlockProduct.add(y, row, BlockProduct.FRESH, 0, rows, padded, c, cBytes, 4, s, row, states);
        for (int t = 0; t < rows; t += 4) {
            int count = Math.min(4, rows - t);
            BlockProduct.add(y(t), row, start + 4L * t, 4, count, padded, weights + t * Decays.ROW, Decays.ROW, 4, u, row, t + count);
        }
        for (int t = 0; t < rows; t++) {
            Rows.scaled(left + t * row, u(t), padded, Memory.f32(between(rows - 1) + 4L * t));
        }
        BlockProduct.add(s, row, start + 4L * (rows - 1), 0, states, padded, b, 4, bBytes, left, row, rows);
    }
}
