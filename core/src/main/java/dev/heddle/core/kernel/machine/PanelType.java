package dev.heddle.core.kernel.machine;

import dev.heddle.core.tensor.DType;
import java.util.Arrays;
import java.util.Optional;

/// The types of weights that [Panels] lays out: blocks, whose elements are scale·(n − centre) + minimum with n of some bits, none
/// negative, and numbers of 16 bits.
///
/// A panel of blocks is 16 weight rows side by side, one in each lane: a sequence of chunks of one block of 32 elements, or
/// of eight. A chunk is, each for all rows: one or two half-precision numbers, the bytes of its groups' scales (and minima,
/// alternately), and words of four bytes that hold n, in vectors of 64 bytes. Word j of block b has elements 4j to 4j + 3 of
/// each row, or their lower bits, or a nibble of them, as [Unpacking] reads them. In q5_0 and q5_1 word 0 has the upper bits: bit
/// j of its byte i is that of element 4j + i.
///
/// A panel of numbers is 64 rows side by side, element after element, in chunks of 32 elements.
enum PanelType {
    F16(DType.F16, 16, 1, 0, 0, 32), BF16(DType.BF16, 16, 1, 0, 0, 32),
    Q8_0(DType.Q8_0, 8, 1, 1, 0, 8), Q4_0(DType.Q4_0, 4, 1, 1, 0, 4), Q4_1(DType.Q4_1, 4, 1, 2, 0, 4),
    Q5_0(DType.Q5_0, 5, 1, 1, 0, 5), Q5_1(DType.Q5_1, 5, 1, 2, 0, 5),
    Q3_K(DType.Q3_K, 3, 8, 1, 16, 24), Q4_K(DType.Q4_K, 4, 8, 2, 16, 32),
    Q5_K(DType.Q5_K, 5, 8, 2, 16, 40), Q6_K(DType.Q6_K, 6, 8, 1, 16, 48);

    /// Lanes of a vector.
    static final int LANES = 16;

    private static final int FLOAT_VECTORS = 4;

    private final DType dtype;
    private final int bits;
    private final int blocks;
    private final int halves;
    private final int bytes;
    private final int words;

    PanelType(DType dtype, int bits, int blocks, int halves, int bytes, int words) {
        this.dtype = dtype;
        this.bits = bits;
        this.blocks = blocks;
        this.halves = halves;
        this.bytes = bytes;
        this.words = words;
    }

    static Optional<PanelType> of(DType dtype) {
        return Arrays.stream(values()).filter(type -> type.dtype == dtype).findFirst();
    }

    /// How its blocks lie in files.
    DType dtype() {
        return dtype;
    }

    /// Whether weights are numbers, no blocks.
    boolean isFloat() {
        return bits == 16;
    }

    /// Vectors that the rows of a panel fill.
    int vectors() {
        return isFloat() ? FLOAT_VECTORS : 1;
    }

    /// Rows of a panel.
    int rows() {
        return LANES * vectors();
    }

    /// Blocks of 32 elements in a chunk.
    int blocks() {
        return blocks;
    }

    /// Vectors of words in a chunk.
    int words() {
        return words;
    }

    /// The logarithm to base 2 of the centre, half of what n reaches.
    int centreBits() {
        return bits - 1;
    }

    /// How products with this type want activations.
    RowFormat format() {
        return isFloat() ? RowFormat.FLOATS : bits == 8 ? RowFormat.SIXTEEN_BITS : RowFormat.EIGHT_BITS;
    }

    boolean hasMinima() {
        return halves == 2;
    }

    /// Whether groups of elements store their scales as bytes, to be multiplied by a number of the whole chunk.
    boolean hasByteScales() {
        return bytes > 0;
    }

    /// Groups of a block that have a scale of their own.
    int groups() {
        return hasByteScales() && !hasMinima() ? 2 : 1;
    }

    /// Bytes from the start of a chunk to the half-precision minima, if there are any.
    int minimaAt() {
        return 2 * LANES;
    }

    /// Bytes from the start of a chunk to the byte scales of a group, or with `minima` to its minima.
    int bytesAt(int group, boolean minima) {
        return 2 * LANES * halves + LANES * (hasMinima() ? 2 * group + (minima ? 1 : 0) : group);
    }

    /// Bytes from the start of a chunk to the vector of a word, numbered as in a block of the file. They lie in the order in which
    /// they are first read, because memory is fastest as one stream: where bits of n come from two places, those of the first
    /// block alternate.
    int wordsAt(int word) {
        int place = switch (this) {
            case Q3_K -> word < 8 ? 2 * word : word < 16 ? 2 * (word - 8) + 1 : word;
            case Q5_K -> word < 8 ? 2 * word + 1 : word < 16 ? 2 * (word - 8) : word;
            case Q6_K -> {
                int upper = word - 32;
                if (upper >= 0) {
                    yield upper / 8 * 24 + upper % 8 * 2 + 1;
                }
                yield word / 16 * 24 + (word % 16 < 8 ? word % 8 * 2 : word % 16 + 8);
            }
            default -> word;
        };
        return wordsAt() + 4 * LANES * place;
    }

    private int wordsAt() {
        return 2 * LANES * halves + LANES * bytes;
    }

    /// Bytes from the start of a chunk of numbers to those of an element in one of a panel's vectors.
    int elementAt(int element, int vector) {
        return 2 * LANES * (element * vectors() + vector);
    }

    /// Bytes of a chunk.
    int chunkBytes() {
        return isFloat() ? elementAt(words, 0) : wordsAt() + 4 * LANES * words;
    }

    /// Chunks of a row of `inner` elements.
    int chunks(int inner) {
        return inner / (32 * blocks);
    }

    /// Bytes of a panel of rows of `inner` elements.
    long panelBytes(int inner) {
        return (long) chunkBytes() * chunks(inner);
    }
}
