package dev.heddle.core.machine;

/// A general register of an x86-64 processor, numbered as instructions number them.
///
/// A function of the System V calling convention finds its first six arguments in RDI, RSI, RDX, RCX, R8 and R9, returns RAX,
/// and may overwrite these and R10 and R11; of the others this list has those that addresses need.
public enum Gp {
    RAX(0), RCX(1), RDX(2), RSI(6), RDI(7), R8(8), R9(9), R10(10), R11(11);

    private final int number;

    Gp(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
