package dev.heddle.core.kernel.machine;

import static dev.heddle.core.machine.Gp.RCX;
import static dev.heddle.core.machine.Operand.at;
import static dev.heddle.core.machine.Operand.zmm;

import dev.heddle.core.machine.Assembler;
import dev.heddle.core.machine.Operand.At;
import dev.heddle.core.machine.Operand.Zmm;

/// Writes the instructions that make the n of four elements of each row from the words of a chunk at RCX ([PanelType]).
final class Unpacking {
    /// Where the n come to lie.
    static final Zmm N = zmm(24);

    private static final Zmm HIGH = zmm(25);
    private static final Zmm LOWER = zmm(26);
    private static final Zmm UPPER = zmm(27);

    /// to | a & b.
    private static final int OR_AND = 0xf8;

    private final PanelType type;
    private final Assembler assembler;

    Unpacking(PanelType type, Assembler assembler) {
        this.type = type;
        this.assembler = assembler;
    }

    /// Masks that [#elements] needs.
    void constants() {
        switch (type) {
            case F16, BF16, Q8_0 -> { }
            case Q4_0, Q4_1, Q4_K -> assembler.broadcast(LOWER, 0x0f0f0f0f);
            case Q5_0, Q5_1, Q5_K -> {
                assembler.broadcast(LOWER, 0x0f0f0f0f);
                assembler.broadcast(UPPER, 0x10101010);
            }
            case Q6_K -> {
                assembler.broadcast(LOWER, 0x0f0f0f0f);
                assembler.broadcast(UPPER, 0x30303030);
            }
            case Q3_K -> {
                assembler.broadcast(LOWER, 0x03030303);
                assembler.broadcast(UPPER, 0x04040404);
            }
        }
    }

    /// Elements 4·`quad` on of a block of the chunk.
    void elements(int block, int quad) {
        switch (type) {
            case F16, BF16 -> throw new IllegalArgumentException("numbers are no blocks");
            case Q8_0 -> assembler.vmovups(N, word(quad));
            case Q4_0, Q4_1 -> lower(quad % 4, quad / 4 * 4);
            case Q5_0, Q5_1 -> {
                lower(1 + quad % 4, quad / 4 * 4);
                upper(0, quad - 4);
            }
            case Q4_K -> lower(block / 2 * 8 + quad, block % 2 * 4);
            case Q5_K -> {
                lower(8 + block / 2 * 8 + quad, block % 2 * 4);
                upper(quad, block - 4);
            }
            case Q6_K -> {
                lower(block / 4 * 16 + block % 2 * 8 + quad, block % 4 / 2 * 4);
                upper(32 + block / 4 * 8 + quad, block % 4 * 2 - 4);
            }
            case Q3_K -> {
                lower(8 + block / 4 * 8 + quad, block % 4 * 2);
                upper(quad, block - 2);
            }
        }
    }

    private At word(int word) {
        return at(RCX, type.wordsAt(word));
    }

    /// The lower bits of n, from bit `shift` of each byte on.
    private void lower(int word, int shift) {
        if (shift == 0) {
            assembler.vpandd(N, LOWER, word(word));
        } else {
            assembler.vpsrld(N, word(word), shift);
            assembler.vpandd(N, N, LOWER);
        }
    }

    /// The upper bits of n, which lie `shift` further up than in n.
    private void upper(int word, int shift) {
        if (shift > 0) {
            assembler.vpsrld(HIGH, word(word), shift);
            assembler.vpternlogd(N, HIGH, UPPER, OR_AND);
        } else if (shift < 0) {
            assembler.vpslld(HIGH, word(word), -shift);
            assembler.vpternlogd(N, HIGH, UPPER, OR_AND);
        } else {
            assembler.vpternlogd(N, UPPER, word(word), OR_AND);
        }
    }
}
