package dev.heddle.core.kernel.machine;

import static dev.heddle.core.machine.Gp.RAX;
import static dev.heddle.core.machine.Gp.RCX;
import static dev.heddle.core.machine.Gp.RDI;
import static dev.heddle.core.machine.Gp.RDX;
import static dev.heddle.core.machine.Gp.RSI;
import static dev.heddle.core.machine.Operand.at;
import static dev.heddle.core.machine.Operand.zmm;

import dev.heddle.core.machine.Assembler;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.machine.Operand.Zmm;

/// Lays out rows of weights as a panel ([PanelType]).
///
/// Four bytes of each of sixteen rows are gathered at once. Where they lie in a block is told at [dev.heddle.core.tensor.Blocks];
/// a dword of q4_0 has elements 4j to 4j + 3 in its lower nibbles already, and elements 16 + 4j on in the upper ones.
final class Packing {
    private static final int GATHERED = 1;
    private static final int COMPARED = 2;
    private static final int NOT_FINITE = 3;

    private static final Zmm ROWS = zmm(31);
    private static final Zmm EXPONENT = zmm(30);
    private static final Zmm UPPER_EXPONENT = zmm(29);
    private static final Zmm SIX_BITS = zmm(28);
    private static final Zmm FOUR_BITS = zmm(27);
    private static final Zmm BITS_4_AND_5 = zmm(26);
    /// What a type adds to all its bytes, or flips.
    private static final Zmm OFFSET = zmm(25);

    private static final Zmm FOUR = zmm(24);
    private static final Zmm SPREAD = zmm(23);
    private static final Zmm LOWEST = zmm(22);

    private final PanelType type;
    private final Assembler assembler = new Assembler();
    private int next;

    private Packing(PanelType type) {
        this.type = type;
    }

    /// A function of the addresses of a panel, of the first row and of the distances in bytes of a panel's rows from it, 32 bits
    /// each, and of the row's chunks. It returns 0 if all scales of blocks are finite; otherwise the panel is of no use.
    static MachineCode of(PanelType type) {
        return MachineCode.of(new Packing(type).write());
    }

    private Assembler write() {
        assembler.vmovups(ROWS, at(RDX, 0));
        assembler.broadcast(EXPONENT, 0x7c00);
        assembler.broadcast(UPPER_EXPONENT, 0x7c000000);
        assembler.broadcast(SIX_BITS, 0x3f3f3f3f);
        assembler.broadcast(FOUR_BITS, 0x0f0f0f0f);
        assembler.broadcast(BITS_4_AND_5, 0x30303030);
        assembler.broadcast(OFFSET, switch (type) {
            case Q8_0 -> 0x80808080;
            case Q4_K, Q5_K -> 0x8000;
            default -> 0x20202020;
        });
        assembler.broadcast(FOUR, 15);
        assembler.broadcast(SPREAD, 1 | 1 << 7 | 1 << 14 | 1 << 21);
        assembler.broadcast(LOWEST, 0x01010101);
        assembler.kxorw(NOT_FINITE);
        int loop = assembler.here();
        switch (type) {
            case F16, BF16 -> numbers();
            case Q8_0 -> {
                half(0);
                words(0, 2, 8);
            }
            case Q4_0 -> {
                half(0);
                words(0, 2, 4);
            }
            case Q4_1 -> {
                halves();
                words(0, 4, 4);
            }
            case Q5_0 -> {
                half(0);
                upperBits(2);
                words(1, 6, 4);
            }
            case Q5_1 -> {
                halves();
                upperBits(4);
                words(1, 8, 4);
            }
            case Q3_K -> {
                upperHalf(106);
                scales3();
                words(0, 0, 24);
            }
            case Q4_K -> {
                halves();
                scalesAndMinima();
                words(0, 16, 32);
            }
            case Q5_K -> {
                halves();
                scalesAndMinima();
                words(0, 16, 40);
            }
            case Q6_K -> {
                upperHalf(206);
                for (int g = 0; g < 16; g += 4) {
                    bytes(gather(192 + g), g, false);
                }
                words(0, 0, 48);
            }
        }
        assembler.add(RSI, type.dtype().bytes(32L * type.blocks()));
        assembler.add(RDI, type.chunkBytes());
        assembler.dec(RCX);
        assembler.jnz(loop);
        assembler.kmovw(RAX, NOT_FINITE);
        assembler.vzeroupper();
        assembler.ret();
        return assembler;
    }

    /// Two numbers of each row at a time.
    private void numbers() {
        for (int v = 0; v < type.vectors(); v++) {
            assembler.vmovups(ROWS, at(RDX, 4L * PanelType.LANES * v));
            for (int i = 0; i < 32; i += 2) {
                Zmm two = gather(2 * i);
                assembler.vpmovdw(at(RDI, type.elementAt(i, v)), two);
                assembler.vpsrld(two, two, 16);
                assembler.vpmovdw(at(RDI, type.elementAt(i + 1, v)), two);
            }
        }
    }

    /// Four bytes of each row, in one of a few registers by turns.
    private Zmm gather(int offset) {
        Zmm to = zmm(next);
        next = (next + 1) % 8;
        assembler.kxnorw(GATHERED);
        assembler.vpgatherdd(to, GATHERED, at(RSI, offset), ROWS);
        return to;
    }

    private void words(int first, int offset, int count) {
        for (int j = 0; j < count; j++) {
            Zmm word = gather(offset + 4 * j);
            if (type == PanelType.Q8_0) {
                assembler.vpxord(word, word, OFFSET); // n = value + 128
            }
            assembler.vmovups(at(RDI, type.wordsAt(first + j)), word);
        }
    }

    /// Word 0 of q5_0 and q5_1, from 32 bits with that of element i at place i. Four of them, times 1 + 2⁷ + 2¹⁴ + 2²¹, come to
    /// lie at the beginning of four bytes.
    private void upperBits(int offset) {
        Zmm bits = gather(offset);
        Zmm word = zmm(9);
        Zmm four = zmm(10);
        assembler.vpxord(word, word, word);
        for (int j = 0; j < 8; j++) {
            assembler.vpsrld(four, bits, 4 * j);
            assembler.vpandd(four, four, FOUR);
            assembler.vpmulld(four, four, SPREAD);
            assembler.vpandd(four, four, LOWEST);
            assembler.vpslld(four, four, j);
            assembler.vpord(word, word, four);
        }
        assembler.vmovups(at(RDI, type.wordsAt(0)), word);
    }

    private void half(int offset) {
        Zmm scale = gather(offset);
        mark(scale, EXPONENT);
        assembler.vpmovdw(at(RDI, 0), scale);
    }

    /// The half-precision number in the upper half of a word: one at the end of a block, behind which nothing may be read.
    private void upperHalf(int offset) {
        Zmm scale = gather(offset);
        mark(scale, UPPER_EXPONENT);
        assembler.vpsrld(scale, scale, 16);
        assembler.vpmovdw(at(RDI, 0), scale);
    }

    /// Scale and minimum. K-quants subtract what is stored as minimum, so that its sign changes.
    private void halves() {
        Zmm both = gather(0);
        mark(both, EXPONENT);
        mark(both, UPPER_EXPONENT);
        assembler.vpmovdw(at(RDI, 0), both);
        assembler.vpsrld(both, both, 16);
        if (type.hasByteScales()) {
            assembler.vpxord(both, both, OFFSET);
        }
        assembler.vpmovdw(at(RDI, type.minimaAt()), both);
    }

    private void mark(Zmm halves, Zmm exponent) {
        assembler.vpandd(zmm(8), halves, exponent);
        assembler.vpcmpeqd(COMPARED, zmm(8), exponent);
        assembler.korw(NOT_FINITE, NOT_FINITE, COMPARED);
    }

    /// The bytes of four groups, the first in the lowest.
    private void bytes(Zmm scales, int group, boolean minima) {
        for (int g = 0; g < 4; g++) {
            assembler.vpmovdb(at(RDI, type.bytesAt(group + g, minima)), scales);
            if (g < 3) {
                assembler.vpsrld(scales, scales, 8);
            }
        }
    }

    /// q4_K and q5_K: twelve bytes with eight scales and eight minima of six bits. The first eight bytes have those of groups 0 to
    /// 3 in their lower bits; the others have their lower bits in the nibbles of the last four bytes, their upper two here.
    private void scalesAndMinima() {
        Zmm first = gather(4);
        Zmm second = gather(8);
        Zmm third = gather(12);
        Zmm lower = zmm(9);
        Zmm upper = zmm(10);
        assembler.vpandd(lower, first, SIX_BITS);
        bytes(lower, 0, false);
        assembler.vpandd(lower, second, SIX_BITS);
        bytes(lower, 0, true);
        assembler.vpsrld(upper, first, 2);
        assembler.vpandd(upper, upper, BITS_4_AND_5);
        assembler.vpandd(lower, third, FOUR_BITS);
        assembler.vpaddd(lower, lower, upper);
        bytes(lower, 4, false);
        assembler.vpsrld(upper, second, 2);
        assembler.vpandd(upper, upper, BITS_4_AND_5);
        assembler.vpsrld(lower, third, 4);
        assembler.vpandd(lower, lower, FOUR_BITS);
        assembler.vpaddd(lower, lower, upper);
        bytes(lower, 4, true);
    }

    /// q3_K: sixteen scales of six bits, 32 more than they mean: lower bits in the nibbles of eight bytes, upper two in four bytes.
    private void scales3() {
        Zmm first = gather(96);
        Zmm second = gather(100);
        Zmm third = gather(104);
        for (int g = 0; g < 16; g += 4) {
            Zmm nibbles = g % 8 == 0 ? first : second;
            Zmm lower = zmm(9);
            Zmm upper = zmm(10);
            assembler.vpsrld(lower, nibbles, g < 8 ? 0 : 4);
            assembler.vpandd(lower, lower, FOUR_BITS);
            if (g < 8) {
                assembler.vpslld(upper, third, 4 - g / 2);
            } else {
                assembler.vpsrld(upper, third, g / 2 - 4);
            }
            assembler.vpandd(upper, upper, BITS_4_AND_5);
            assembler.vpaddd(lower, lower, upper);
            assembler.vpsubb(lower, lower, OFFSET);
            bytes(lower, g, false);
        }
    }
}
