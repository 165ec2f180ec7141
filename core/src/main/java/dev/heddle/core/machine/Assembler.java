package dev.heddle.core.machine;

import dev.heddle.core.machine.Operand.At;
import dev.heddle.core.machine.Operand.Each;
import dev.heddle.core.machine.Operand.Zmm;
import java.util.Arrays;

/// Writes x86-64 machine code, one instruction a call: the few that kernels here need, on vectors of 512 bits. Methods have the
/// names and the order of operands of Intel's manual (Software Developer's Manual, volume 2: the destination first), which is
/// also the source of the encodings; `k` are the mask registers 1 to 7.
///
/// Vector instructions have the prefix EVEX: four bytes with the numbers of three registers, a mask, and the opcode's page.
public final class Assembler {
    /// Opcode pages, and prefixes that select among instructions of one opcode.
    private static final int PAGE_0F = 1;
    private static final int PAGE_0F38 = 2;
    private static final int PAGE_0F3A = 3;
    private static final int NONE = 0;
    private static final int P66 = 1;
    private static final int PF3 = 2;

    /// Bytes of a whole vector, of its half and its quarter: displacements that are multiples of what an instruction reads fit in
    /// a byte.
    private static final int FULL = 64;
    private static final int HALF = 32;
    private static final int QUARTER = 16;
    private static final int NUMBER = 4;
    private static final int SHORT = 2;

    private byte[] code = new byte[1024];
    private int length;

    /// The code so far.
    public byte[] code() {
        return Arrays.copyOf(code, length);
    }

    /// Where the next instruction will be, for [#jnz].
    public int here() {
        return length;
    }

    // general registers

    public void mov(Gp to, Gp from) {
        rex(from.number(), to.number());
        emit(0x89);
        emit(0xc0 | (from.number() & 7) << 3 | to.number() & 7);
    }

    /// The upper half becomes zero.
    public void mov(Gp to, int value) {
        if (to.number() > 7) {
            emit(0x41);
        }
        emit(0xb8 | to.number() & 7);
        emit32(value);
    }

    public void add(Gp to, Gp value) {
        rex(value.number(), to.number());
        emit(0x01);
        emit(0xc0 | (value.number() & 7) << 3 | to.number() & 7);
    }

    public void add(Gp to, long value) {
        rex(0, to.number());
        emit(0x81);
        emit(0xc0 | to.number() & 7);
        emit32(Math.toIntExact(value));
    }

    /// Subtracts one, so that [#jnz] may follow.
    public void dec(Gp register) {
        rex(0, register.number());
        emit(0xff);
        emit(0xc8 | register.number() & 7);
    }

    /// Jumps back to `target` unless the last result was zero.
    public void jnz(int target) {
        emit(0x0f);
        emit(0x85);
        emit32(target - (length + 4));
    }

    public void ret() {
        emit(0xc3);
    }

    private void rex(int reg, int rm) {
        emit(0x48 | reg >> 3 << 2 | rm >> 3);
    }

    // masks

    /// Sets all bits.
    public void kxnorw(int k) {
        vex(0x46, k, k, k, true);
    }

    /// Clears all bits.
    public void kxorw(int k) {
        vex(0x47, k, k, k, true);
    }

    public void korw(int k, int a, int b) {
        vex(0x45, k, a, b, true);
    }

    public void kmovw(Gp to, int k) {
        if (to.number() > 7) {
            throw new IllegalArgumentException("not written for " + to);
        }
        vex(0x93, to.number(), 0, k, false);
    }

    private void vex(int opcode, int reg, int vvvv, int rm, boolean wide) {
        emit(0xc5);
        emit(0x80 | (~vvvv & 15) << 3 | (wide ? 4 : 0));
        emit(opcode);
        emit(0xc0 | reg << 3 | rm);
    }

    // moves

    /// Before returning to code that does not use wide vectors.
    public void vzeroupper() {
        emit(0xc5);
        emit(0xf8);
        emit(0x77);
    }

    public void vmovups(Zmm to, At from) {
        evex(PAGE_0F, NONE, 0x10, to.number(), 0, from, FULL);
    }

    public void vmovups(At to, Zmm from) {
        evex(PAGE_0F, NONE, 0x11, from.number(), 0, to, FULL);
    }

    public void vmovaps(Zmm to, Zmm from) {
        evex(PAGE_0F, NONE, 0x28, to.number(), 0, from, FULL);
    }

    /// The first lane.
    public void vmovss(At to, Zmm from) {
        evex(PAGE_0F, PF3, 0x11, from.number(), 0, to, NUMBER);
    }

    public void vbroadcastss(Zmm to, Each from) {
        evex(PAGE_0F38, P66, 0x18, to.number(), 0, from.number(), NUMBER);
    }

    /// A number of 16 bits.
    public void vpbroadcastw(Zmm to, At from) {
        evex(PAGE_0F38, P66, 0x79, to.number(), 0, from, SHORT);
    }

    public void vpbroadcastd(Zmm to, Gp from) {
        if (from.number() > 7) {
            throw new IllegalArgumentException("not written for " + from);
        }
        evex(PAGE_0F38, P66, 0x7c, to.number(), 0, new Zmm(from.number()), FULL);
    }

    /// A constant in every lane, by way of RAX: two instructions.
    public void broadcast(Zmm to, int value) {
        mov(Gp.RAX, value);
        vpbroadcastd(to, Gp.RAX);
    }

    /// 16 numbers, from the addresses `from` + the lanes of `indices`; `k` must be all ones and becomes zero.
    public void vpgatherdd(Zmm to, int k, At from, Zmm indices) {
        int index = indices.number();
        emit(0x62);
        emit(inverted(to.number() >> 3, 0x80) | inverted(index >> 3, 0x40) | inverted(from.base().number() >> 3, 0x20)
                | inverted(to.number() >> 4, 0x10) | PAGE_0F38);
        emit(0x78 | 4 | P66);
        emit(0x40 | inverted(index >> 4, 8) | k);
        emit(0x90);
        boolean near = from.displacement() % NUMBER == 0 && isByte(from.displacement() / NUMBER);
        emit((near ? 0x40 : 0x80) | (to.number() & 7) << 3 | 4);
        emit((index & 7) << 3 | from.base().number() & 7);
        if (near) {
            emit(from.displacement() / NUMBER);
        } else {
            emit32(from.displacement());
        }
    }

    // integers

    public void vpandd(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, P66, 0xdb, to.number(), a.number(), b, FULL);
    }

    public void vpxord(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, P66, 0xef, to.number(), a.number(), b, FULL);
    }

    public void vpaddd(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, P66, 0xfe, to.number(), a.number(), b, FULL);
    }

    public void vpsubd(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, P66, 0xfa, to.number(), a.number(), b, FULL);
    }

    public void vpsubb(Zmm to, Zmm a, Zmm b) {
        evex(PAGE_0F, P66, 0xf8, to.number(), a.number(), b, FULL);
    }

    /// The lower halves of products.
    public void vpmulld(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F38, P66, 0x40, to.number(), a.number(), b, FULL);
    }

    public void vpmaxsd(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F38, P66, 0x3d, to.number(), a.number(), b, FULL);
    }

    public void vpord(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, P66, 0xeb, to.number(), a.number(), b, FULL);
    }

    /// The function of three bits that `table` gives, one bit for each combination of (to, a, b).
    public void vpternlogd(Zmm to, Zmm a, Operand b, int table) {
        evex(PAGE_0F3A, P66, 0x25, to.number(), a.number(), b, FULL);
        emit(table);
    }

    public void vpslld(Zmm to, Operand from, int bits) {
        evex(PAGE_0F, P66, 0x72, 6, to.number(), from, FULL);
        emit(bits);
    }

    public void vpsrld(Zmm to, Operand from, int bits) {
        evex(PAGE_0F, P66, 0x72, 2, to.number(), from, FULL);
        emit(bits);
    }

    public void vpsrad(Zmm to, Operand from, int bits) {
        evex(PAGE_0F, P66, 0x72, 4, to.number(), from, FULL);
        emit(bits);
    }

    /// The 128-bit parts of two vectors in the order of `parts`, two bits each: the first two of `a`, the last two of `b`.
    public void vshufi32x4(Zmm to, Zmm a, Zmm b, int parts) {
        evex(PAGE_0F3A, P66, 0x43, to.number(), a.number(), b, FULL);
        emit(parts);
    }

    /// In each 128-bit part, two numbers of `a` and then two of `b`, those that `numbers` says, two bits each.
    public void vshufps(Zmm to, Zmm a, Zmm b, int numbers) {
        evex(PAGE_0F, NONE, 0xc6, to.number(), a.number(), b, FULL);
        emit(numbers);
    }

    /// One of the 128-bit parts.
    public void vextractf32x4(At to, Zmm from, int part) {
        evex(PAGE_0F3A, P66, 0x19, from.number(), 0, to, QUARTER);
        emit(part);
    }

    /// In each 128-bit part, its numbers in the order of `numbers`, two bits each.
    public void vpshufd(Zmm to, Zmm from, int numbers) {
        evex(PAGE_0F, P66, 0x70, to.number(), 0, from, FULL);
        emit(numbers);
    }

    /// to += four unsigned bytes of `a` times four signed ones of `b`, in each lane (AVX512-VNNI).
    public void vpdpbusd(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F38, P66, 0x50, to.number(), a.number(), b, FULL);
    }

    /// Mask of equal lanes.
    public void vpcmpeqd(int k, Zmm a, Operand b) {
        evex(PAGE_0F, P66, 0x76, k, a.number(), b, FULL);
    }

    // conversions

    public void vpmovzxbd(Zmm to, At from) {
        evex(PAGE_0F38, P66, 0x31, to.number(), 0, from, QUARTER);
    }

    /// Numbers of 16 bits.
    public void vpmovzxwd(Zmm to, At from) {
        evex(PAGE_0F38, P66, 0x33, to.number(), 0, from, HALF);
    }

    public void vpmovsxbd(Zmm to, At from) {
        evex(PAGE_0F38, P66, 0x21, to.number(), 0, from, QUARTER);
    }

    /// The lowest bytes of the lanes.
    public void vpmovdb(At to, Zmm from) {
        evex(PAGE_0F38, PF3, 0x31, from.number(), 0, to, QUARTER);
    }

    /// The lower halves of the lanes.
    public void vpmovdw(At to, Zmm from) {
        evex(PAGE_0F38, PF3, 0x33, from.number(), 0, to, HALF);
    }

    public void vcvtdq2ps(Zmm to, Operand from) {
        evex(PAGE_0F, NONE, 0x5b, to.number(), 0, from, FULL);
    }

    /// Half-precision numbers as f32, of a vector those in its lower half.
    public void vcvtph2ps(Zmm to, Operand from) {
        evex(PAGE_0F38, P66, 0x13, to.number(), 0, from, HALF);
    }

    // floating point

    public void vaddps(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, NONE, 0x58, to.number(), a.number(), b, FULL);
    }

    public void vmulps(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, NONE, 0x59, to.number(), a.number(), b, FULL);
    }

    public void vdivps(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F, NONE, 0x5e, to.number(), a.number(), b, FULL);
    }

    /// to += a·b.
    public void vfmadd231ps(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F38, P66, 0xb8, to.number(), a.number(), b, FULL);
    }

    /// to = to·a + b.
    public void vfmadd213ps(Zmm to, Zmm a, Operand b) {
        evex(PAGE_0F38, P66, 0xa8, to.number(), a.number(), b, FULL);
    }

    private void evex(int page, int prefix, int opcode, int reg, int vvvv, Operand rm, int read) {
        switch (rm) {
            case Zmm register -> {
                prefix(page, prefix, reg, vvvv, register.number() >> 3, register.number() >> 4, false);
                emit(opcode);
                emit(0xc0 | (reg & 7) << 3 | register.number() & 7);
            }
            case At memory -> {
                prefix(page, prefix, reg, vvvv, memory.base().number() >> 3, 0, false);
                emit(opcode);
                address(reg, memory, read);
            }
            case Each number -> {
                prefix(page, prefix, reg, vvvv, number.number().base().number() >> 3, 0, true);
                emit(opcode);
                address(reg, number.number(), NUMBER);
            }
        }
    }

    private void prefix(int page, int prefix, int reg, int vvvv, int base, int high, boolean each) {
        emit(0x62);
        emit(inverted(reg >> 3, 0x80) | inverted(high, 0x40) | inverted(base, 0x20) | inverted(reg >> 4, 0x10) | page);
        emit((~vvvv & 15) << 3 | 4 | prefix);
        emit(0x40 | (each ? 0x10 : 0) | inverted(vvvv >> 4, 8));
    }

    private void address(int reg, At memory, int read) {
        int displacement = memory.displacement();
        int base = memory.base().number() & 7;
        if (displacement % read == 0 && isByte(displacement / read)) {
            emit(0x40 | (reg & 7) << 3 | base);
            emit(displacement / read);
        } else {
            emit(0x80 | (reg & 7) << 3 | base);
            emit32(displacement);
        }
    }

    /// `bit`, unless the lowest bit of `value` is set.
    private static int inverted(int value, int bit) {
        return (value & 1) == 0 ? bit : 0;
    }

    private static boolean isByte(int value) {
        return value == (byte) value;
    }

    private void emit32(int value) {
        for (int i = 0; i < 32; i += 8) {
            emit(value >> i);
        }
    }

    private void emit(int value) {
        if (length == code.length) {
            code = Arrays.copyOf(code, 2 * length);
        }
        code[length++] = (byte) value;
    }
}
