package dev.heddle.core.kernel.machine;

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
import dev.heddle.core.machine.Gp;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.machine.Operand.Zmm;
import dev.heddle.core.tensor.DType;

/// Writes what [MachineAttention] calls: for one key/value head and up to four of its queries, scores of keys and sums of
/// weighted values, both read as they are stored.
///
/// Sixteen dot products, of as many positions and queries, are computed side by side, each in the lanes of a vector. Sixteen
/// vectors become the vector of their sums in four steps: two of them are shuffled so that one addition halves both.
final class KeyValueCode {
    private static final int LANES = 16;

    /// Which of sixteen vectors ends in the first lane of each 128-bit part of their sums, and from there the other three.
    private static final int[] PART = {0, 8, 4, 12};
    private static final int[] LANE = {0, 2, 1, 3};

    private static final Zmm UPPER = zmm(24);
    private static final Zmm LOWER = zmm(25);
    private static final Zmm SCALE = zmm(26);

    private final DType type;
    private final int width;
    private final int queries;
    private final Assembler assembler = new Assembler();

    private KeyValueCode(DType type, int width, int queries) {
        this.type = type;
        this.width = width;
        this.queries = queries;
    }

    /// A function of the addresses of the first query's scores, of the queries and of the first key, the bytes from one key to
    /// the next, and how often it computes the scores of 16 / `queries` keys.
    ///
    /// @param queries    1, 2 or 4
    /// @param scoreBytes from one query's scores to the next query's
    /// @param queryBytes from one query to the next
    static MachineCode scores(DType type, int width, int queries, int scoreBytes, int queryBytes) {
        return MachineCode.of(new KeyValueCode(type, width, queries).writeScores(scoreBytes, queryBytes));
    }

    /// A function of the address of the first query's sums, the bytes from there to the next query's, the addresses of the first
    /// query's first weight and of the first value, the bytes from one value to the next, and how many there are.
    ///
    /// @param width       columns, at most 64
    /// @param queries     up to 4
    /// @param weightBytes from one query's weights to the next query's
    static MachineCode values(DType type, int width, int queries, int weightBytes) {
        return MachineCode.of(new KeyValueCode(type, width, queries).writeValues(weightBytes));
    }

    /// Scores: RDI; queries: RSI; keys: RDX, RCX apart; R8 times.
    private Assembler writeScores(int scoreBytes, int queryBytes) {
        int positions = LANES / queries;
        int loop = assembler.here();
        for (int p = 0; p < positions; p++) {
            for (int v = 0; v < width / LANES; v++) {
                Zmm key = zmm(LANES + v % 8);
                load(key, RDX, v);
                for (int g = 0; g < queries; g++) {
                    Zmm sum = dot(g * positions + p);
                    if (v == 0) {
                        assembler.vmulps(sum, key, at(RSI, (long) queryBytes * g));
                    } else {
                        assembler.vfmadd231ps(sum, key, at(RSI, (long) queryBytes * g + 4L * LANES * v));
                    }
                }
            }
            assembler.add(RDX, RCX);
        }
        reduce();
        for (int part = 0; part < 4; part++) {
            int query = 4 * part / positions;
            assembler.vextractf32x4(at(RDI, (long) scoreBytes * query + 4L * (4 * part - query * positions)), zmm(0), part);
        }
        assembler.add(RDI, 4L * positions);
        assembler.dec(R8);
        assembler.jnz(loop);
        assembler.vzeroupper();
        assembler.ret();
        return assembler;
    }

    /// The vector whose sum ends in lane `lane`.
    private static Zmm dot(int lane) {
        return zmm(PART[lane / 4] + LANE[lane % 4]);
    }

    /// Vector 0 becomes the sums of vectors 0 to 15.
    private void reduce() {
        for (int i = 0; i < 8; i++) {
            parts(i, i + 8, 0x44, 0xee);
        }
        for (int i = 0; i < 4; i++) {
            parts(i, i + 4, 0x88, 0xdd);
        }
        for (int i = 0; i < 2; i++) {
            numbers(i, i + 2, 0x44, 0xee);
        }
        numbers(0, 1, 0x88, 0xdd);
    }

    private void parts(int a, int b, int lower, int upper) {
        assembler.vshufi32x4(LOWER, zmm(a), zmm(b), lower);
        assembler.vshufi32x4(UPPER, zmm(a), zmm(b), upper);
        assembler.vaddps(zmm(a), LOWER, UPPER);
    }

    private void numbers(int a, int b, int lower, int upper) {
        assembler.vshufps(LOWER, zmm(a), zmm(b), lower);
        assembler.vshufps(UPPER, zmm(a), zmm(b), upper);
        assembler.vaddps(zmm(a), LOWER, UPPER);
    }

    /// Sums: RDI, RSI apart; weights: RDX; values: RCX, R8 apart; R9 of them.
    private Assembler writeValues(int weightBytes) {
        int vectors = width / LANES;
        sums(vectors, false);
        int loop = assembler.here();
        for (int v = 0; v < vectors; v++) {
            load(zmm(LANES + v), RCX, v);
        }
        for (int g = 0; g < queries; g++) {
            for (int v = 0; v < vectors; v++) {
                assembler.vfmadd231ps(zmm(g * vectors + v), zmm(LANES + v), at(RDX, (long) weightBytes * g).each());
            }
        }
        assembler.add(RCX, R8);
        assembler.add(RDX, 4);
        assembler.dec(R9);
        assembler.jnz(loop);
        sums(vectors, true);
        assembler.vzeroupper();
        assembler.ret();
        return assembler;
    }

    private void sums(int vectors, boolean store) {
        assembler.mov(RAX, RDI);
        for (int g = 0; g < queries; g++) {
            for (int v = 0; v < vectors; v++) {
                if (store) {
                    assembler.vmovups(at(RAX, 4L * LANES * v), zmm(g * vectors + v));
                } else {
                    assembler.vmovups(zmm(g * vectors + v), at(RAX, 4L * LANES * v));
                }
            }
            assembler.add(RAX, RSI);
        }
    }

    /// Sixteen numbers of a row as f32.
    private void load(Zmm to, Gp row, int vector) {
        switch (type) {
            case F32 -> assembler.vmovups(to, at(row, 4L * LANES * vector));
            case F16 -> assembler.vcvtph2ps(to, at(row, 2L * LANES * vector));
            case BF16 -> {
                assembler.vpmovzxwd(to, at(row, 2L * LANES * vector));
                assembler.vpslld(to, to, 16);
            }
            case Q8_0 -> {
                long block = DType.Q8_0.bytes(LANES * (vector / 2 * 2));
                if (vector % 2 == 0) {
                    assembler.vpbroadcastw(SCALE, at(row, block));
                    assembler.vcvtph2ps(SCALE, SCALE);
                }
                assembler.vpmovsxbd(to, at(row, block + 2 + LANES * (vector % 2)));
                assembler.vcvtdq2ps(to, to);
                assembler.vmulps(to, to, SCALE);
            }
            default -> throw new IllegalArgumentException("keys and values of " + type + " are expanded first");
        }
    }
}
