package dev.heddle.core.machine;

/// What an instruction on vectors takes last: a vector, memory, or one number of memory repeated over all lanes.
public sealed interface Operand {
    /// A register of 512 bits, 0 to 31.
    record Zmm(int number) implements Operand {
        public Zmm {
            if (number < 0 || number > 31) {
                throw new IllegalArgumentException("there is no vector register " + number);
            }
        }
    }

    /// The memory that many bytes behind an address.
    record At(Gp base, int displacement) implements Operand {
        /// The 32-bit number there, in every lane.
        public Each each() {
            return new Each(this);
        }
    }

    /// A 32-bit number of memory, in every lane.
    record Each(At number) implements Operand {
    }

    /// Register `number`.
    static Zmm zmm(int number) {
        return new Zmm(number);
    }

    /// Memory `displacement` bytes behind the address in `base`.
    static At at(Gp base, long displacement) {
        return new At(base, Math.toIntExact(displacement));
    }
}
