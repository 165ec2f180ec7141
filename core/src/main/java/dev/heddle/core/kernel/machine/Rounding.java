package dev.heddle.core.kernel.machine;

import static dev.heddle.core.machine.Gp.RCX;
import static dev.heddle.core.machine.Gp.RDI;
import static dev.heddle.core.machine.Gp.RDX;
import static dev.heddle.core.machine.Gp.RSI;
import static dev.heddle.core.machine.Operand.at;
import static dev.heddle.core.machine.Operand.zmm;

import dev.heddle.core.machine.Assembler;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.machine.Operand.Zmm;

/// Puts activation rows into tiles, rounded ([RowFormat]).
final class Rounding {
    /// Adding it to a float below 2²² rounds to an integer, which then fills the low bits.
    private static final float ROUND = 0x1.8p23f;

    private static final Zmm FIRST = zmm(0);
    private static final Zmm SECOND = zmm(1);
    private static final Zmm MAX = zmm(2);
    private static final Zmm OTHER = zmm(3);
    private static final Zmm SCALE = zmm(4);
    private static final Zmm INVERSE = zmm(5);
    private static final Zmm SUM = zmm(6);
    private static final Zmm UPPER = zmm(7);
    private static final Zmm ZERO = zmm(26);
    private static final Zmm ALL_BUT_SIGN = zmm(27);
    private static final Zmm LEAST = zmm(28);
    private static final Zmm LARGEST = zmm(29);
    private static final Zmm ROUNDING = zmm(30);
    private static final Zmm HALF = zmm(31);

    private final RowFormat format;
    private final Assembler assembler = new Assembler();

    private Rounding(RowFormat format) {
        this.format = format;
    }

    /// A function of the address of a row's first block in its tile, that of the row in f32, its blocks, and the bytes from one of
    /// its blocks to the next.
    static MachineCode of(RowFormat format) {
        return MachineCode.of(new Rounding(format).write());
    }

    private Assembler write() {
        assembler.broadcast(ALL_BUT_SIGN, Integer.MAX_VALUE);
        assembler.broadcast(LEAST, Float.floatToRawIntBits(format.smallest()));
        assembler.broadcast(LARGEST, Float.floatToRawIntBits(format.largest()));
        assembler.broadcast(ROUNDING, Float.floatToRawIntBits(ROUND));
        assembler.broadcast(HALF, 64);
        assembler.vpxord(ZERO, ZERO, ZERO);
        int loop = assembler.here();
        assembler.vmovups(FIRST, at(RSI, 0));
        assembler.vmovups(SECOND, at(RSI, 64));
        switch (format) {
            case EIGHT_BITS -> {
                round();
                eightBits();
            }
            case SIXTEEN_BITS -> {
                round();
                sixteenBits();
            }
            case FLOATS -> {
                assembler.vmovups(at(RDI, 0), FIRST);
                assembler.vmovups(at(RDI, 64), SECOND);
            }
        }
        assembler.add(RSI, 128);
        assembler.add(RDI, RCX);
        assembler.dec(RDX);
        assembler.jnz(loop);
        assembler.vzeroupper();
        assembler.ret();
        return assembler;
    }

    /// e = max|x| / largest and largest / max|x| in all lanes. Magnitudes of floats compare as their bits do, and NaN is the
    /// largest.
    private void scale() {
        assembler.vpandd(MAX, FIRST, ALL_BUT_SIGN);
        assembler.vpandd(OTHER, SECOND, ALL_BUT_SIGN);
        assembler.vpmaxsd(MAX, MAX, OTHER);
        for (int step = 0; step < 4; step++) {
            rotate(MAX, step);
            assembler.vpmaxsd(MAX, MAX, OTHER);
        }
        assembler.vpsubd(OTHER, MAX, LEAST);
        assembler.vpsrad(OTHER, OTHER, 31); // all ones if it is smaller
        assembler.vdivps(SCALE, MAX, LARGEST);
        assembler.vdivps(INVERSE, LARGEST, MAX);
        assembler.vpternlogd(SCALE, OTHER, OTHER, 0x30); // and not
        assembler.vpternlogd(INVERSE, OTHER, OTHER, 0x30);
    }

    /// OTHER = the lanes of `from`, moved by 8, 4, 2 or 1 in a ring: after all four steps every lane has met every other.
    private void rotate(Zmm from, int step) {
        switch (step) {
            case 0 -> assembler.vshufi32x4(OTHER, from, from, 0x4e);
            case 1 -> assembler.vshufi32x4(OTHER, from, from, 0xb1);
            case 2 -> assembler.vpshufd(OTHER, from, 0x4e);
            default -> assembler.vpshufd(OTHER, from, 0xb1);
        }
    }

    private void round() {
        scale();
        integers(FIRST);
        integers(SECOND);
        assembler.vmovss(at(RDI, format.scaleAt()), SCALE);
    }

    private void integers(Zmm x) {
        assembler.vfmadd213ps(x, INVERSE, ROUNDING);
        assembler.vpsubd(x, x, ROUNDING);
    }

    private void eightBits() {
        assembler.vpmovdb(at(RDI, 0), FIRST);
        assembler.vpmovdb(at(RDI, 16), SECOND);
        sum(FIRST, format.halfSumAt(0));
        sum(SECOND, format.halfSumAt(1));
        assembler.vpaddd(SUM, FIRST, SECOND);
        assembler.vcvtdq2ps(OTHER, SUM);
        assembler.vmulps(OTHER, OTHER, SCALE);
        assembler.vmovss(at(RDI, format.totalAt()), OTHER);
        assembler.vpsubd(SUM, ZERO, SUM);
        assembler.vmovss(at(RDI, format.sumAt()), SUM);
    }

    private void sixteenBits() {
        parts(FIRST, 0);
        parts(SECOND, 16);
        assembler.vpaddd(FIRST, FIRST, SECOND);
        sum(FIRST, format.sumAt());
    }

    /// Upper and lower parts of sixteen q.
    private void parts(Zmm q, int place) {
        assembler.vpaddd(UPPER, q, HALF);
        assembler.vpsrad(UPPER, UPPER, 7);
        assembler.vpmovdb(at(RDI, place), UPPER);
        assembler.vpslld(UPPER, UPPER, 7);
        assembler.vpsubd(UPPER, q, UPPER);
        assembler.vpmovdb(at(RDI, RowFormat.LOW + place), UPPER);
    }

    /// The sum of the lanes in all lanes; its negative to the block.
    private void sum(Zmm lanes, int place) {
        for (int step = 0; step < 4; step++) {
            rotate(lanes, step);
            assembler.vpaddd(lanes, lanes, OTHER);
        }
        assembler.vpsubd(OTHER, ZERO, lanes);
        assembler.vmovss(at(RDI, place), OTHER);
    }
}
