package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.PackedWeights.S;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.INT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/// Products of many activation rows with a panel of packed weights, in the order of [PackedWeights].
///
/// The panel is unpacked once, to n − centre as 16-bit numbers: a vector has two neighbouring elements of each row of
/// half a panel. It is multiplied by two elements of an activation row repeated over all lanes; a lane sums a group's products
/// before they need to be widened.
final class PackedTile {
    /// Activation rows of a tile.
    static final int TOKENS = 6;

    /// Groups whose integers are computed at a time: they stay in the first-level cache.
    private static final int GROUPS = 8;

    /// Bytes of a tile's vectors.
    private static final long TILE = 2 * TOKENS * STEP;

    private PackedTile() {
    }

    /// Bytes of an unpacked panel with rows of `inner` elements, and of the scratch memory behind it.
    static long bytes(int inner) {
        return minimaAt(inner) + inner / 16 * 2 * STEP + (1 + GROUPS) * TILE;
    }

    private static long scalesAt(int inner) {
        return inner / 2 * 2 * STEP;
    }

    private static long minimaAt(int inner) {
        return scalesAt(inner) + inner / 16 * 2 * STEP;
    }

    /// Unpacks a panel.
    static void unpack(PackedType type, long to, long panel, int inner) {
        int blocks = inner / 32;
        for (int b = 0; b < blocks; b += type.chunk()) {
            int some = Math.min(type.chunk(), blocks - b);
            long groups = 2 * STEP * (b * 32 / type.group());
            PackedScales.expand(type, to + scalesAt(inner) + groups, to + minimaAt(inner) + groups, panel, some);
            long integers = to + 32 * STEP * b;
            long words = panel + type.scaleBytes(some);
            switch (type.bits()) {
                case 3 -> Words3.unpack(integers, words, some);
                case 4 -> Words4.unpack(integers, words, some);
                case 5 -> Words5.unpack(integers, words, some);
                default -> Words6.unpack(integers, words, some);
            }
            panel += type.chunkBytes(some);
        }
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for up to [#TOKENS] activation rows and `rows` outputs from row `skip` of the panel on.
    ///
    /// @param x rows of [Int8Rows], `xBytes` apart
    static void product(PackedType type, long y, long yBytes, long x, long xBytes, int tokens, long panel, int skip, int rows,
            int inner) {
        long x1 = x + Math.min(1, tokens - 1) * xBytes;
        long x2 = x + Math.min(2, tokens - 1) * xBytes;
        long x3 = x + Math.min(3, tokens - 1) * xBytes;
        long x4 = x + Math.min(4, tokens - 1) * xBytes;
        long x5 = x + Math.min(5, tokens - 1) * xBytes;
        long sums = panel + bytes(inner) - TILE * (1 + GROUPS);
        long integers = sums + TILE;
        ALL.asSlice(sums, TILE).fill((byte) 0);
        int group = type.group();
        int pairs = group / 2;
        int shift = 32 / group - 1;
        for (int g = 0; g < inner / group; g += GROUPS) {
            int some = Math.min(GROUPS, inner / group - g);
            long at = 2L * group * g;
            groups(integers, panel + group * STEP * g, x + at, x1 + at, x2 + at, x3 + at, x4 + at, x5 + at, some, pairs);
            long scales = panel + scalesAt(inner) + 2 * STEP * g;
            long e = x + 4L * (g >> shift);
            for (int t = 0; t < tokens; t++) {
                long row = e + xBytes * t;
                if (type.hasMinima()) {
                    GroupSums.addWithMinima(sums + 2 * STEP * t, integers + 2 * STEP * t, TILE, scales,
                            panel + minimaAt(inner) + 2 * STEP * g, row + Int8Rows.scalesAt(inner), row + Int8Rows.totalsAt(inner), some);
                } else {
                    GroupSums.add(sums + 2 * STEP * t, integers + 2 * STEP * t, TILE, scales, row + Int8Rows.scalesAt(inner), some, shift);
                }
            }
        }
        for (int t = 0; t < tokens; t++) {
            Memory.copy(y + t * yBytes, sums + 2 * STEP * t + 4L * skip, 4L * rows);
        }
    }

    /// The integers of some groups, each for twelve vectors of outputs.
    private static void groups(long to, long w, long x0, long x1, long x2, long x3, long x4, long x5, int groups, int pairs) {
        for (int g = 0; g < groups; g++) {
            ShortVector s00 = ShortVector.zero(S);
            ShortVector s01 = s00;
            ShortVector s10 = s00;
            ShortVector s11 = s00;
            ShortVector s20 = s00;
            ShortVector s21 = s00;
            ShortVector s30 = s00;
            ShortVector s31 = s00;
            ShortVector s40 = s00;
            ShortVector s41 = s00;
            ShortVector s50 = s00;
            ShortVector s51 = s00;
            int end = pairs * (g + 1);
            for (int p = pairs * g; p < end; p++) {
                long at = w + 2 * STEP * p & USER;
                ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
                ShortVector b = ShortVector.fromMemorySegment(S, ALL, at + STEP, ORDER);
                ShortVector v = IntVector.broadcast(I, ALL.get(INT, x0 + 4L * p & USER)).reinterpretAsShorts();
                s00 = a.mul(v).add(s00);
                s01 = b.mul(v).add(s01);
                v = IntVector.broadcast(I, ALL.get(INT, x1 + 4L * p & USER)).reinterpretAsShorts();
                s10 = a.mul(v).add(s10);
                s11 = b.mul(v).add(s11);
                v = IntVector.broadcast(I, ALL.get(INT, x2 + 4L * p & USER)).reinterpretAsShorts();
                s20 = a.mul(v).add(s20);
                s21 = b.mul(v).add(s21);
                v = IntVector.broadcast(I, ALL.get(INT, x3 + 4L * p & USER)).reinterpretAsShorts();
                s30 = a.mul(v).add(s30);
                s31 = b.mul(v).add(s31);
                v = IntVector.broadcast(I, ALL.get(INT, x4 + 4L * p & USER)).reinterpretAsShorts();
                s40 = a.mul(v).add(s40);
                s41 = b.mul(v).add(s41);
                v = IntVector.broadcast(I, ALL.get(INT, x5 + 4L * p & USER)).reinterpretAsShorts();
                s50 = a.mul(v).add(s50);
                s51 = b.mul(v).add(s51);
            }
            long at = to + TILE * g & USER;
            s00.intoMemorySegment(ALL, at, ORDER);
            s01.intoMemorySegment(ALL, at + STEP, ORDER);
            s10.intoMemorySegment(ALL, at + 2 * STEP, ORDER);
            s11.intoMemorySegment(ALL, at + 3 * STEP, ORDER);
            s20.intoMemorySegment(ALL, at + 4 * STEP, ORDER);
            s21.intoMemorySegment(ALL, at + 5 * STEP, ORDER);
            s30.intoMemorySegment(ALL, at + 6 * STEP, ORDER);
            s31.intoMemorySegment(ALL, at + 7 * STEP, ORDER);
            s40.intoMemorySegment(ALL, at + 8 * STEP, ORDER);
            s41.intoMemorySegment(ALL, at + 9 * STEP, ORDER);
            s50.intoMemorySegment(ALL, at + 10 * STEP, ORDER);
            s51.intoMemorySegment(ALL, at + 11 * STEP, ORDER);
        }
    }
}
