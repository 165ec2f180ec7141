package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Products of few activation rows with a panel of packed weights, in the order of [PackedWeights].
final class PackedRows {
    /// Most activation rows of a product.
    static final int TOKENS = 5;

    private static final long INTEGERS = 16 * 2 * STEP;

    /// Scratch memory that [#product] needs.
    static final long SCRATCH = INTEGERS + 2 * PackedScales.EXPANDED + TOKENS * 2 * STEP;

    private PackedRows() {
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for `rows` outputs from row `skip` of the panel on.
    ///
    /// @param x rows of [Int8Rows], `xBytes` apart
    static void product(PackedType type, long y, long yBytes, long x, long xBytes, int tokens, long panel, int skip, int rows,
            int inner, long scratch) {
        long scales = scratch + INTEGERS;
        long minima = scales + PackedScales.EXPANDED;
        long sums = minima + PackedScales.EXPANDED;
        for (int i = 0; i < 2 * tokens; i++) {
            FloatVector.zero(F).intoMemorySegment(ALL, sums + STEP * i & USER, ORDER);
        }
        int blocks = inner / 32;
        for (int b = 0; b < blocks; b += type.chunk()) {
            int some = Math.min(type.chunk(), blocks - b);
            long words = panel + type.scaleBytes(some);
            PackedScales.expand(type, scales, minima, panel, some);
            for (int t = 0; t < tokens; t++) {
                long row = x + t * xBytes;
                long q = row + 64L * b;
                long quads = row + Int8Rows.sumsAt(inner) + 8L * b;
                switch (type.bits()) {
                    case 3 -> Words3.dot(scratch, words, q, quads, some);
                    case 4 -> Words4.dot(scratch, words, q, quads, some);
                    case 5 -> Words5.dot(scratch, words, q, quads, some);
                    default -> Words6.dot(scratch, words, q, quads, some);
                }
                long e = row + Int8Rows.scalesAt(inner) + 4L * b;
                if (type.hasMinima()) {
                    GroupSums.addWithMinima(sums + 2 * STEP * t, scratch, 2 * STEP, scales, minima, e,
                            row + Int8Rows.totalsAt(inner) + 4L * b, some);
                } else {
                    GroupSums.add(sums + 2 * STEP * t, scratch, 2 * STEP, scales, e, some * 32 / type.group(), 32 / type.group() - 1);
                }
            }
            panel += type.chunkBytes(some);
        }
        for (int t = 0; t < tokens; t++) {
            Memory.copy(y + t * yBytes, sums + 2 * STEP * t + 4L * skip, 4L * rows);
        }
    }
}
