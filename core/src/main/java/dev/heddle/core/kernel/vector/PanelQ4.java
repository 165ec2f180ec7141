package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Int8Rows.GROUP;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Products of many activation rows with a panel of q4_0 weight rows, in integers, in the order of [RowsQ4].
///
/// The panel holds the weights n − 8 as 16-bit numbers with the rows side by side: a vector has two neighbouring elements of
/// each of L rows. It is multiplied by two elements of an activation row repeated over all lanes; a lane then sums 16
/// products of a block, at most 16·8·127 < 2¹⁵, before it needs to be widened.
final class PanelQ4 {
    /// Weight rows of a panel: two vectors of them.
    static final int ROWS = 2 * COUNT;

    /// Activation rows of a tile.
    static final int TOKENS = 6;

    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(32 * COUNT));

    /// Bytes of a vector.
    private static final long STEP = 4L * COUNT;

    /// Bytes of a tile's vectors.
    private static final long TILE = 2 * TOKENS * STEP;

    private PanelQ4() {
    }

    /// Bytes of a panel with rows of `inner` elements, and of the scratch memory behind it.
    static long bytes(int inner) {
        return scalesAt(inner) + inner / 32 * 2 * STEP + (GROUP + 1) * TILE + 2L * inner;
    }

    private static long scalesAt(int inner) {
        return inner / 2 * 2 * STEP;
    }

    private static long sumsAt(int inner) {
        return scalesAt(inner) + inner / 32 * 2 * STEP;
    }

    /// Lays out up to [#ROWS] weight rows; missing ones are zero.
    static void pack(long panel, long w, long rowBytes, int rows, int inner) {
        long expanded = panel + bytes(inner) - 2L * inner;
        for (int r = 0; r < ROWS; r++) {
            long scales = panel + scalesAt(inner) + 4L * r;
            if (r < rows) {
                long row = w + r * rowBytes;
                expand(expanded, row, inner);
                for (int b = 0; b < inner / 32; b++) {
                    Memory.f32(scales + 2 * STEP * b, Dequantize32.half(row + (long) RowsQ4.BLOCK_BYTES * b));
                }
            } else {
                ALL.asSlice(expanded, 2L * inner).fill((byte) 0);
                for (int b = 0; b < inner / 32; b++) {
                    Memory.f32(scales + 2 * STEP * b, 0);
                }
            }
            for (int p = 0; p < inner / 2; p++) {
                Memory.i32(panel + 2 * STEP * p + 4L * r, Memory.i32(expanded + 4L * p));
            }
        }
    }

    /// n − 8 of a row as 16-bit numbers.
    private static void expand(long to, long row, int inner) {
        for (int b = 0; b < inner / 32; b++) {
            for (int j = 0; j < 16; j += COUNT) {
                IntVector pair = Lanes.loadUnsignedBytes(row + 2 + j);
                ((ShortVector) pair.and(15).sub(8).convertShape(VectorOperators.I2S, Lanes.S, 0))
                        .intoMemorySegment(ALL, to + 2L * j, ORDER);
                ((ShortVector) pair.lanewise(VectorOperators.LSHR, 4).sub(8).convertShape(VectorOperators.I2S, Lanes.S, 0))
                        .intoMemorySegment(ALL, to + 2L * j + 32, ORDER);
            }
            row += RowsQ4.BLOCK_BYTES;
            to += 64;
        }
    }

    /// y[t,o] = Σ_i x[t,i] · w[o,i] for up to [#TOKENS] activation rows.
    ///
    /// @param x rows of [Int8Rows], `xBytes` apart
    static void product(long y, long yBytes, long x, long xBytes, int tokens, long panel, int rows, int inner) {
        long x1 = x + Math.min(1, tokens - 1) * xBytes;
        long x2 = x + Math.min(2, tokens - 1) * xBytes;
        long x3 = x + Math.min(3, tokens - 1) * xBytes;
        long x4 = x + Math.min(4, tokens - 1) * xBytes;
        long x5 = x + Math.min(5, tokens - 1) * xBytes;
        long scales = panel + scalesAt(inner);
        long sums = panel + sumsAt(inner);
        long integers = sums + GROUP * TILE;
        int blocks = inner / 32;
        if (blocks < GROUP) {
            ALL.asSlice(sums, GROUP * TILE).fill((byte) 0);
        }
        for (int b = 0; b < blocks; b++) {
            long at = 64L * b;
            block(integers, panel + 32 * STEP * b, x + at, x1 + at, x2 + at, x3 + at, x4 + at, x5 + at);
            add(sums + b % GROUP * TILE, integers, scales + 2 * STEP * b, x + Int8Rows.scalesAt(inner) + 4L * b, xBytes, tokens,
                    b < GROUP);
        }
        for (int step = GROUP / 2; step > 0; step /= 2) {
            halve(sums, step * TILE, tokens);
        }
        for (int t = 0; t < tokens; t++) {
            long to = y + t * yBytes;
            long from = sums + 2 * STEP * t;
            if (rows == ROWS) {
                Lanes.store(Lanes.load(from), to);
                Lanes.store(Lanes.load(from + STEP), to + STEP);
            } else {
                Memory.copy(to, from, 4L * rows);
            }
        }
    }

    /// The integers of a block for twelve vectors of outputs.
    private static void block(long to, long w, long x0, long x1, long x2, long x3, long x4, long x5) {
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
        for (int p = 0; p < 16; p++) {
            long at = w + 2 * STEP * p & USER;
            ShortVector a = ShortVector.fromMemorySegment(S, ALL, at, ORDER);
            ShortVector b = ShortVector.fromMemorySegment(S, ALL, at + STEP, ORDER);
            ShortVector v = IntVector.broadcast(I, Memory.i32(x0 + 4L * p & USER)).reinterpretAsShorts();
            s00 = s00.add(a.mul(v));
            s01 = s01.add(b.mul(v));
            v = IntVector.broadcast(I, Memory.i32(x1 + 4L * p & USER)).reinterpretAsShorts();
            s10 = s10.add(a.mul(v));
            s11 = s11.add(b.mul(v));
            v = IntVector.broadcast(I, Memory.i32(x2 + 4L * p & USER)).reinterpretAsShorts();
            s20 = s20.add(a.mul(v));
            s21 = s21.add(b.mul(v));
            v = IntVector.broadcast(I, Memory.i32(x3 + 4L * p & USER)).reinterpretAsShorts();
            s30 = s30.add(a.mul(v));
            s31 = s31.add(b.mul(v));
            v = IntVector.broadcast(I, Memory.i32(x4 + 4L * p & USER)).reinterpretAsShorts();
            s40 = s40.add(a.mul(v));
            s41 = s41.add(b.mul(v));
            v = IntVector.broadcast(I, Memory.i32(x5 + 4L * p & USER)).reinterpretAsShorts();
            s50 = s50.add(a.mul(v));
            s51 = s51.add(b.mul(v));
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

    /// sum = fma(S, d·e, sum), where S is the sum of the two halves of a lane: it fits 16 bits, so it may be taken modulo 2¹⁶.
    private static void add(long sums, long integers, long scales, long e, long eBytes, int tokens, boolean first) {
        scales &= USER;
        FloatVector d0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
        FloatVector d1 = FloatVector.fromMemorySegment(F, ALL, scales + STEP, ORDER);
        for (int t = 0; t < tokens; t++) {
            FloatVector scale = FloatVector.broadcast(F, Memory.f32(e + t * eBytes & USER));
            long from = integers + 2 * STEP * t & USER;
            long to = sums + 2 * STEP * t & USER;
            IntVector v = IntVector.fromMemorySegment(I, ALL, from, ORDER);
            IntVector u = IntVector.fromMemorySegment(I, ALL, from + STEP, ORDER);
            v = v.add(v.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            u = u.add(u.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            FloatVector s0 = first ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, to, ORDER);
            FloatVector s1 = first ? FloatVector.zero(F) : FloatVector.fromMemorySegment(F, ALL, to + STEP, ORDER);
            ((FloatVector) v.convert(VectorOperators.I2F, 0)).fma(d0.mul(scale), s0).intoMemorySegment(ALL, to, ORDER);
            ((FloatVector) u.convert(VectorOperators.I2F, 0)).fma(d1.mul(scale), s1).intoMemorySegment(ALL, to + STEP, ORDER);
        }
    }

    /// Adds the upper half of the accumulators to the lower.
    private static void halve(long sums, long half, int tokens) {
        for (long tile = 0; tile < half; tile += TILE) {
            for (int n = 0; n < 2 * tokens; n++) {
                long at = sums + tile + STEP * n & USER;
                FloatVector.fromMemorySegment(F, ALL, at, ORDER).add(FloatVector.fromMemorySegment(F, ALL, at + half & USER, ORDER)).intoMemorySegment(ALL, at, ORDER);
            }
        }
    }
}
