package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.PackedWeights.S;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.INT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Products of many activation rows with a panel of packed weights, in the order of [PackedWeights].
///
/// The panel is unpacked once, to n − centre as 16-bit numbers: a vector has two neighbouring elements of each row of
/// half a panel. It is multiplied by two elements of an activation row repeated over all lanes; a lane sums a group's products
/// before they need to be widened.
final class PackedTile {
    /// Activation rows of a tile.
    static final int TOKENS = 6;

    /// Bytes of a tile's vectors.
    private static final long TILE = 2 * TOKENS * STEP;

    private PackedTile() {
    }

    /// Bytes of an unpacked panel with rows of `inner` elements, and of the scratch memory behind it.
    static long bytes(int inner) {
        return minimaAt(inner) + inner / 16 * 2 * STEP + 2 * TILE;
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
        long scales = panel + scalesAt(inner);
        long minima = panel + minimaAt(inner);
        long sums = panel + bytes(inner) - 2 * TILE;
        long integers = sums + TILE;
        ALL.asSlice(sums, TILE).fill((byte) 0);
        int group = type.group();
        for (int g = 0; g < inner / group; g++) {
            long at = 2L * group * g;
            long e = x + 4L * (g * group / 32);
            group(integers, panel + group * STEP * g, x + at, x1 + at, x2 + at, x3 + at, x4 + at, x5 + at, group / 2);
            if (type.hasMinima()) {
                addWithMinima(sums, integers, scales + 2 * STEP * g, minima + 2 * STEP * g, e + Int8Rows.scalesAt(inner),
                        e + Int8Rows.totalsAt(inner), xBytes, tokens);
            } else {
                add(sums, integers, scales + 2 * STEP * g, e + Int8Rows.scalesAt(inner), xBytes, tokens);
            }
        }
        for (int t = 0; t < tokens; t++) {
            Memory.copy(y + t * yBytes, sums + 2 * STEP * t + 4L * skip, 4L * rows);
        }
    }

    /// The integers of a group for twelve vectors of outputs.
    private static void group(long to, long w, long x0, long x1, long x2, long x3, long x4, long x5, int pairs) {
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
        for (int p = 0; p < pairs; p++) {
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
        to &= USER;
        s00.intoMemorySegment(ALL, to, ORDER);
        s01.intoMemorySegment(ALL, to + STEP, ORDER);
        s10.intoMemorySegment(ALL, to + 2 * STEP, ORDER);
        s11.intoMemorySegment(ALL, to + 3 * STEP, ORDER);
        s20.intoMemorySegment(ALL, to + 4 * STEP, ORDER);
        s21.intoMemorySegment(ALL, to + 5 * STEP, ORDER);
        s30.intoMemorySegment(ALL, to + 6 * STEP, ORDER);
        s31.intoMemorySegment(ALL, to + 7 * STEP, ORDER);
        s40.intoMemorySegment(ALL, to + 8 * STEP, ORDER);
        s41.intoMemorySegment(ALL, to + 9 * STEP, ORDER);
        s50.intoMemorySegment(ALL, to + 10 * STEP, ORDER);
        s51.intoMemorySegment(ALL, to + 11 * STEP, ORDER);
    }

    private static void add(long sums, long integers, long scales, long e, long eBytes, int tokens) {
        scales &= USER;
        FloatVector d0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
        FloatVector d1 = FloatVector.fromMemorySegment(F, ALL, scales + STEP, ORDER);
        for (int t = 0; t < tokens; t++) {
            FloatVector s = FloatVector.broadcast(F, ALL.get(FLOAT, e + t * eBytes & USER));
            long from = integers + 2 * STEP * t & USER;
            long to = sums + 2 * STEP * t & USER;
            IntVector v = IntVector.fromMemorySegment(I, ALL, from, ORDER);
            IntVector u = IntVector.fromMemorySegment(I, ALL, from + STEP, ORDER);
            v = v.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(v.lanewise(VectorOperators.ASHR, 16));
            u = u.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(u.lanewise(VectorOperators.ASHR, 16));
            ((FloatVector) v.convert(VectorOperators.I2F, 0)).fma(d0.mul(s), FloatVector.fromMemorySegment(F, ALL, to, ORDER))
                    .intoMemorySegment(ALL, to, ORDER);
            ((FloatVector) u.convert(VectorOperators.I2F, 0)).fma(d1.mul(s), FloatVector.fromMemorySegment(F, ALL, to + STEP, ORDER))
                    .intoMemorySegment(ALL, to + STEP, ORDER);
        }
    }

    private static void addWithMinima(long sums, long integers, long scales, long minima, long e, long totals, long eBytes,
            int tokens) {
        scales &= USER;
        minima &= USER;
        FloatVector d0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
        FloatVector d1 = FloatVector.fromMemorySegment(F, ALL, scales + STEP, ORDER);
        FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, minima, ORDER);
        FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, minima + STEP, ORDER);
        for (int t = 0; t < tokens; t++) {
            FloatVector s = FloatVector.broadcast(F, ALL.get(FLOAT, e + t * eBytes & USER));
            FloatVector total = FloatVector.broadcast(F, ALL.get(FLOAT, totals + t * eBytes & USER));
            long from = integers + 2 * STEP * t & USER;
            long to = sums + 2 * STEP * t & USER;
            IntVector v = IntVector.fromMemorySegment(I, ALL, from, ORDER);
            IntVector u = IntVector.fromMemorySegment(I, ALL, from + STEP, ORDER);
            v = v.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(v.lanewise(VectorOperators.ASHR, 16));
            u = u.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(u.lanewise(VectorOperators.ASHR, 16));
            FloatVector sum0 = ((FloatVector) v.convert(VectorOperators.I2F, 0))
                    .fma(d0.mul(s), FloatVector.fromMemorySegment(F, ALL, to, ORDER));
            FloatVector sum1 = ((FloatVector) u.convert(VectorOperators.I2F, 0))
                    .fma(d1.mul(s), FloatVector.fromMemorySegment(F, ALL, to + STEP, ORDER));
            m0.fma(total, sum0).intoMemorySegment(ALL, to, ORDER);
            m1.fma(total, sum1).intoMemorySegment(ALL, to + STEP, ORDER);
        }
    }
}
