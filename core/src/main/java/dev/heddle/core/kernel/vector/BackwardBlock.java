package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Memory;

/// One block of a head in [StateSpaceDualBackward], and the memory it works in.
///
/// The state S is held as Sᵀ [P, N], its gradient D both as [N, P] and as Dᵀ, so that every product reads rows.
final class BackwardBlock {
    private final int padded;
    private final int paddedStates;
    private final long row;
    private final long stateRow;
    private final long times;
    private final long start;
    private final long between;
    private final long scores;
    private final long weights;
    private final long shares;
    private final long dLog;
    private final long terms;
    private final long u;
    private final long dy;
    private final long scaled;
    private final long du;
    private final long b;
    private final long c;
    private final long sums;
    private final long states;

    BackwardBlock(Scratch scratch, long stateBytes, int padded, int paddedStates) {
        this.padded = padded;
        this.paddedStates = paddedStates;
        row = 4L * padded;
        stateRow = 4L * paddedStates;
        long square = Decays.BLOCK * Decays.ROW;
        times = scratch.address(TimeSteps.BYTES + 3 * Decays.ROW + 4 * square + Decays.BLOCK * (4 * row + 2 * stateRow)
                + DecayBlock.SUMS_BYTES + stateBytes);
        start = times + TimeSteps.BYTES;
        between = start + Decays.ROW;
        scores = between + square;
        weights = scores + square;
        shares = weights + square;
        dLog = shares + square;
        terms = dLog + Decays.ROW;
        u = terms + Decays.ROW;
        dy = u + Decays.BLOCK * row;
        scaled = dy + Decays.BLOCK * row;
        du = scaled + Decays.BLOCK * row;
        b = du + Decays.BLOCK * row;
        c = b + Decays.BLOCK * stateRow;
        sums = c + Decays.BLOCK * stateRow;
        states = sums + DecayBlock.SUMS_BYTES;
    }

    /// Where [TimeSteps] writes.
    long times() {
        return times;
    }

    float delta(int t) {
        return Memory.f32(times + 4L * t);
    }

    long start() {
        return start;
    }

    long between() {
        return between;
    }

    long u(int t) {
        return u + t * row;
    }

    long dy(int t) {
        return dy + t * row;
    }

    long b(int t) {
        return b + t * stateRow;
    }

    long c(int t) {
        return c + t * stateRow;
    }

    /// Room for states.
    long states() {
        return states;
    }

    /// After [#run].
    long du(int t) {
        return du + t * row;
    }

    /// Gradient of ln α[t], after [#run].
    float dLogDecay(int t) {
        return Memory.f32(dLog + 4L * t);
    }

    /// L[n,s] of the last row n, what of row s is left after the block.
    private float left(int rows, int s) {
        return Memory.f32(between + (rows - 1) * Decays.ROW + 4L * s);
    }

    private float fromStart(int t) {
        return Memory.f32(start + 4L * t);
    }

    /// Sᵀ ← A[n]·Sᵀ + Σ_s L[n,s]·u[s]⊗b[s].
    void advance(long s, int width, int rows) {
        for (int t = 0; t < rows; t++) {
            Rows.scaled(scaled + t * row, u(t), padded, left(rows, t));
        }
        BlockProduct.add(s, stateRow, start + 4L * (rows - 1), 0, width, paddedStates, scaled, 4, row, b, stateRow, rows);
    }

    /// Everything of a block; `after` and `afterTransposed` become the gradient of the state before it.
    void run(long before, long after, long afterTransposed, int width, int stateCount, int rows, long db, long dc) {
        long last = between + (rows - 1) * Decays.ROW;
        DecayBlock.scores(scores, c, stateRow, b, stateRow, rows, stateCount, sums);
        DecayBlock.scores(shares, dy, row, u, row, rows, width, sums);
        for (int t = 0; t < rows; t++) {
            Decays.weigh(weights + t * Decays.ROW, between + t * Decays.ROW, scores + t * Decays.ROW, t);
            Decays.weigh(shares + t * Decays.ROW, between + t * Decays.ROW, shares + t * Decays.ROW, t);
        }
        // into D: b[s]·D, and what of the loss passes from row s into D
        BlockProduct.add(du, row, BlockProduct.FRESH, 0, rows, padded, b, stateRow, 4, after, row, stateCount);
        for (int s = 0; s < rows; s++) {
            Memory.f32(terms + 4L * s, left(rows, s) * Rows.dot(u(s), du(s), width));
        }
        BlockProduct.add(du, row, last, 4, rows, padded, weights, 4, Decays.ROW, dy, row, rows);
        double across = 0;
        for (int p = 0; p < width; p++) {
            across += Rows.dot(before + p * stateRow, afterTransposed + p * stateRow, stateCount);
        }
        // from S: S·dy[t]
        BlockProduct.add(dc, stateRow, BlockProduct.FRESH, 0, rows, paddedStates, dy, row, 4, before, stateRow, width);
        logDecays(dc, stateCount, rows, across * fromStart(rows - 1));
        BlockProduct.add(dc, stateRow, start, 4, rows, paddedStates, shares, Decays.ROW, 4, b, stateRow, rows);
        BlockProduct.add(db, stateRow, BlockProduct.FRESH, 0, rows, paddedStates, u, row, 4, afterTransposed, stateRow, width);
        BlockProduct.add(db, stateRow, last, 4, rows, paddedStates, shares, 4, Decays.ROW, c, stateRow, rows);
        for (int t = 0; t < rows; t++) {
            Rows.scaled(scaled + t * row, dy(t), padded, fromStart(t));
        }
        long end = start + 4L * (rows - 1);
        BlockProduct.add(after, row, end, 0, stateCount, padded, c, 4, stateRow, scaled, row, rows);
        BlockProduct.add(afterTransposed, stateRow, end, 0, width, paddedStates, scaled, 4, row, c, stateRow, rows);
    }

    /// For each row r the sum of all terms that pass from before it to it or later. `terms` holds for each column s the terms
    /// from row s to rows from r on, at first those into D.
    private void logDecays(long stateTimesDy, int stateCount, int rows, double fromState) {
        double initial = fromState;
        for (int r = rows - 1; r >= 0; r--) {
            initial += fromStart(r) * Rows.dot(c(r), stateTimesDy + r * stateRow, stateCount);
            double sum = initial;
            for (int s = 0; s < r; s++) {
                float term = Math.fma(Memory.f32(shares + r * Decays.ROW + 4L * s), Memory.f32(scores + r * Decays.ROW + 4L * s),
                        Memory.f32(terms + 4L * s));
                Memory.f32(terms + 4L * s, term);
                sum += term;
            }
            Memory.f32(dLog + 4L * r, (float) sum);
        }
    }
}
