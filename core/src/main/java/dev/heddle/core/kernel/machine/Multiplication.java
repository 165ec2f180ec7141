package dev.heddle.core.kernel.machine;

import static dev.heddle.core.machine.Gp.R10;
import static dev.heddle.core.machine.Gp.R11;
import static dev.heddle.core.machine.Gp.R8;
import static dev.heddle.core.machine.Gp.R9;
import static dev.heddle.core.machine.Gp.RAX;
import static dev.heddle.core.machine.Gp.RCX;
import static dev.heddle.core.machine.Gp.RDI;
import static dev.heddle.core.machine.Gp.RDX;
import static dev.heddle.core.machine.Gp.RSI;
import static dev.heddle.core.machine.Operand.at;
import static dev.heddle.core.machine.Operand.zmm;

import dev.heddle.core.machine.Assembler;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.machine.Operand.At;
import dev.heddle.core.machine.Operand.Zmm;

/// Multiplies a tile of activation rows by panels of weights, in the order of [Panels].
///
/// A lane is a weight row. For each four elements one vector of n is made and multiplied, by `vpdpbusd`, with four bytes of each
/// activation row repeated over all lanes, which the instruction takes from memory by itself: a vector of eight-bit weights
/// costs a load and as many instructions as there are rows (twice as many with activations of sixteen bits). The fewer
/// instructions a cache line of weights takes, the more lines the processor asks memory for at a time.
///
/// A result of the instruction comes four cycles later. Twelve rows fill that time; few rows spread their sums over several
/// registers, which changes nothing because sums of integers are exact.
final class Multiplication {
    private static final int TOKENS = RowFormat.EIGHT_BITS.tokens();

    private static final Zmm PRODUCT = zmm(25);
    private static final Zmm SCALE = zmm(28);
    private static final Zmm MINIMUM = zmm(29);
    private static final Zmm CHUNK_SCALE = zmm(30);
    private static final Zmm CHUNK_MINIMUM = zmm(31);

    private final PanelType type;
    private final RowFormat format;
    private final int tokens;
    /// Registers over which a row spreads its sums, of each half of its activations' bits.
    private final int parts;
    private final Assembler assembler = new Assembler();
    private final Unpacking unpacking;

    private Multiplication(PanelType type, int tokens) {
        this.type = type;
        this.tokens = tokens;
        format = type.format();
        unpacking = new Unpacking(type, assembler);
        int registers = TOKENS / tokens;
        parts = switch (format) {
            case EIGHT_BITS -> Math.min(2, registers);
            case SIXTEEN_BITS -> registers == 1 ? 0 : Math.min(2, registers / 2);
            case FLOATS -> throw new IllegalArgumentException("see FloatMultiplication");
        };
    }

    /// A function of the address of outputs, the bytes from one row of outputs to the next, the tile's address, that of the first
    /// panel, the chunks of a panel, and panels: for each panel it writes 16 outputs of each row, next to each other.
    ///
    /// @param tokens rows of the tile
    static MachineCode of(PanelType type, int tokens) {
        return MachineCode.of(new Multiplication(type, tokens).write());
    }

    private Assembler write() {
        unpacking.constants();
        int panel = assembler.here();
        assembler.mov(R10, RDX);
        assembler.mov(R11, R8);
        for (int t = 0; t < tokens; t++) {
            assembler.vpxord(sum(t), sum(t), sum(t));
        }
        int chunk = assembler.here();
        chunkScales();
        for (int b = 0; b < type.blocks(); b++) {
            for (int g = 0; g < type.groups(); g++) {
                integers(b, g);
                scales(b, g);
                for (int t = 0; t < tokens; t++) {
                    add(b, t);
                }
            }
        }
        assembler.add(RCX, type.chunkBytes());
        assembler.add(R10, (long) type.blocks() * tokens * format.bytes());
        assembler.dec(R11);
        assembler.jnz(chunk);
        assembler.mov(RAX, RDI);
        for (int t = 0; t < tokens; t++) {
            assembler.vmovups(at(RAX, 0), sum(t));
            assembler.add(RAX, RSI);
        }
        assembler.add(RDI, 4L * PanelType.LANES);
        assembler.dec(R9);
        assembler.jnz(panel);
        assembler.vzeroupper();
        assembler.ret();
        return assembler;
    }

    private static Zmm sum(int token) {
        return zmm(token);
    }

    /// A register of integers, of parts 0 and 1 of the upper and, from 2 on, of the lower halves of activations' bits.
    private Zmm integer(int token, int part) {
        return zmm(TOKENS + part * tokens + token);
    }

    private At activation(int block, int token, int offset) {
        return at(R10, (long) (block * tokens + token) * format.bytes() + offset);
    }

    /// S of a group for all rows, in part 0.
    private void integers(int block, int group) {
        switch (format) {
            case EIGHT_BITS -> eightBits(block, group);
            case SIXTEEN_BITS -> sixteenBits(block);
            case FLOATS -> throw new IllegalArgumentException("see FloatMultiplication");
        }
    }

    private void eightBits(int block, int group) {
        int quads = 8 / type.groups();
        int sum = type.groups() == 1 ? format.sumAt() : format.halfSumAt(group);
        for (int t = 0; t < tokens; t++) {
            assembler.vpslld(integer(t, 0), activation(block, t, sum).each(), type.centreBits());
            for (int part = 1; part < parts; part++) {
                clear(integer(t, part));
            }
        }
        for (int j = group * quads; j < (group + 1) * quads; j++) {
            unpacking.elements(block, j);
            for (int t = 0; t < tokens; t++) {
                assembler.vpdpbusd(integer(t, j % parts), Unpacking.N, activation(block, t, 4 * j).each());
            }
        }
        for (int t = 0; t < tokens && parts == 2; t++) {
            assembler.vpaddd(integer(t, 0), integer(t, 0), integer(t, 1));
        }
    }

    /// S = 128·Σn·h + Σn·l − 128·Σq: −Σq is there before the upper parts' sums are shifted.
    private void sixteenBits(int block) {
        for (int t = 0; t < tokens; t++) {
            assembler.vbroadcastss(integer(t, 0), activation(block, t, format.sumAt()).each());
            for (int part = 1; part < 2 * parts; part++) {
                clear(integer(t, part));
            }
        }
        if (parts == 0) {
            products(block, 0, 0, true, false);
            shift();
            products(block, 0, 0, false, true);
            return;
        }
        products(block, 0, parts, true, true);
        for (int t = 0; t < tokens && parts == 2; t++) {
            assembler.vpaddd(integer(t, 0), integer(t, 0), integer(t, 1));
            assembler.vpaddd(integer(t, 2), integer(t, 2), integer(t, 3));
        }
        shift();
        for (int t = 0; t < tokens; t++) {
            assembler.vpaddd(integer(t, 0), integer(t, 0), integer(t, parts));
        }
    }

    /// Adds Σn·h from part `high` on and Σn·l from part `low` on.
    private void products(int block, int high, int low, boolean upper, boolean lower) {
        int spread = Math.max(1, parts);
        for (int j = 0; j < 8; j++) {
            unpacking.elements(block, j);
            for (int t = 0; t < tokens; t++) {
                if (upper) {
                    assembler.vpdpbusd(integer(t, high + j % spread), Unpacking.N, activation(block, t, 4 * j).each());
                }
                if (lower) {
                    At four = activation(block, t, RowFormat.LOW + 4 * j);
                    assembler.vpdpbusd(integer(t, low + j % spread), Unpacking.N, four.each());
                }
            }
        }
    }

    private void shift() {
        for (int t = 0; t < tokens; t++) {
            assembler.vpslld(integer(t, 0), integer(t, 0), 7);
        }
    }

    private void clear(Zmm register) {
        assembler.vpxord(register, register, register);
    }

    /// What all groups of a chunk multiply their scales by.
    private void chunkScales() {
        if (type.hasByteScales()) {
            assembler.vcvtph2ps(CHUNK_SCALE, at(RCX, 0));
            if (type.hasMinima()) {
                assembler.vcvtph2ps(CHUNK_MINIMUM, at(RCX, type.minimaAt()));
            }
        }
    }

    /// Scales of a group, and minimum + centre·scale.
    private void scales(int block, int group) {
        if (type.hasByteScales()) {
            int number = block * type.groups() + group;
            assembler.vpmovsxbd(SCALE, at(RCX, type.bytesAt(number, false)));
            assembler.vcvtdq2ps(SCALE, SCALE);
            assembler.vmulps(SCALE, SCALE, CHUNK_SCALE);
            if (type.hasMinima()) {
                assembler.vpmovsxbd(MINIMUM, at(RCX, type.bytesAt(number, true)));
                assembler.vcvtdq2ps(MINIMUM, MINIMUM);
                assembler.vmulps(MINIMUM, MINIMUM, CHUNK_MINIMUM);
            }
        } else {
            assembler.vcvtph2ps(SCALE, at(RCX, 0));
            if (type.hasMinima()) {
                assembler.vcvtph2ps(MINIMUM, at(RCX, type.minimaAt()));
            }
        }
        if (type.hasMinima()) {
            assembler.broadcast(PRODUCT, Float.floatToRawIntBits(1 << type.centreBits()));
            assembler.vfmadd231ps(MINIMUM, SCALE, PRODUCT);
        }
    }

    /// sum = fma(S, scale·e, sum), and with minima sum = fma(minimum + centre·scale, e·Σq, sum).
    private void add(int block, int token) {
        assembler.vcvtdq2ps(integer(token, 0), integer(token, 0));
        assembler.vmulps(PRODUCT, SCALE, activation(block, token, format.scaleAt()).each());
        assembler.vfmadd231ps(sum(token), integer(token, 0), PRODUCT);
        if (type.hasMinima()) {
            assembler.vfmadd231ps(sum(token), MINIMUM, activation(block, token, format.totalAt()).each());
        }
    }
}
