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

/// Multiplies a tile of f32 activation rows by panels of weights of 16 bits, in the order of [Panels].
///
/// A lane is a weight row, and a panel's rows are four vectors: four sums for each activation row that need not wait for each
/// other. The sums of 32 elements are added to the outputs in memory.
final class FloatMultiplication {
    private static final int ELEMENTS = 32;

    private final PanelType type;
    private final int tokens;
    private final int vectors;
    private final Assembler assembler = new Assembler();

    private FloatMultiplication(PanelType type, int tokens) {
        this.type = type;
        this.tokens = tokens;
        vectors = type.vectors();
    }

    /// A function of the address of outputs, the bytes from one row of outputs to the next, the tile's address, that of the first
    /// panel, the chunks of a panel, and panels: for each panel it writes 64 outputs of each row, next to each other.
    ///
    /// @param tokens rows of the tile
    static MachineCode of(PanelType type, int tokens) {
        return MachineCode.of(new FloatMultiplication(type, tokens).write());
    }

    private Assembler write() {
        int panel = assembler.here();
        assembler.mov(R10, RDX);
        assembler.mov(R11, R8);
        clear();
        outputs(false);
        int chunk = assembler.here();
        clear();
        for (int i = 0; i < ELEMENTS; i++) {
            for (int v = 0; v < vectors; v++) {
                weights(weight(v), at(RCX, type.elementAt(i, v)));
            }
            for (int t = 0; t < tokens; t++) {
                for (int v = 0; v < vectors; v++) {
                    assembler.vfmadd231ps(sum(t, v), weight(v), at(R10, (long) RowFormat.FLOATS.bytes() * t + 4L * i).each());
                }
            }
        }
        outputs(true);
        assembler.add(RCX, type.chunkBytes());
        assembler.add(R10, (long) tokens * RowFormat.FLOATS.bytes());
        assembler.dec(R11);
        assembler.jnz(chunk);
        assembler.add(RDI, 4L * type.rows());
        assembler.dec(R9);
        assembler.jnz(panel);
        assembler.vzeroupper();
        assembler.ret();
        return assembler;
    }

    private Zmm sum(int token, int vector) {
        return zmm(token * vectors + vector);
    }

    private Zmm weight(int vector) {
        return zmm(RowFormat.FLOATS.tokens() * vectors + vector);
    }

    private void weights(Zmm to, At from) {
        if (type == PanelType.F16) {
            assembler.vcvtph2ps(to, from);
        } else {
            assembler.vpmovzxwd(to, from);
            assembler.vpslld(to, to, 16);
        }
    }

    private void clear() {
        for (int s = 0; s < tokens * vectors; s++) {
            assembler.vpxord(zmm(s), zmm(s), zmm(s));
        }
    }

    /// Writes the sums, or adds them to what is there.
    private void outputs(boolean add) {
        assembler.mov(RAX, RDI);
        for (int t = 0; t < tokens; t++) {
            for (int v = 0; v < vectors; v++) {
                At output = at(RAX, 4L * PanelType.LANES * v);
                if (add) {
                    assembler.vaddps(sum(t, v), sum(t, v), output);
                }
                assembler.vmovups(output, sum(t, v));
            }
            assembler.add(RAX, RSI);
        }
    }
}
