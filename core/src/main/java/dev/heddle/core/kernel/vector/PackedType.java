package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;

import dev.heddle.core.tensor.DType;
import java.util.Arrays;
import java.util.Optional;

/// The types of blocks that [PackedWeights] packs: an element is scale·(n − centre) + minimum, with n of some bits and
/// centre half of what they reach; n of eight bits have a sign, and no centre.
///
/// A panel of [PackedWeights#ROWS] rows is a sequence of chunks of up to eight blocks of 32 elements. A chunk is its scales
/// ([PackedScales]), then for each block as many words as n has bits: a vector of 16-bit numbers for each half of the rows.
/// With eight bits a chunk is one block, and its words are those of [Bytes8].
enum PackedType {
    Q8_0(DType.Q8_0, 8, Scales.HALF),
    Q4_0(DType.Q4_0, 4, Scales.HALF), Q4_1(DType.Q4_1, 4, Scales.HALF_AND_MINIMUM),
    Q5_0(DType.Q5_0, 5, Scales.HALF), Q5_1(DType.Q5_1, 5, Scales.HALF_AND_MINIMUM),
    Q3_K(DType.Q3_K, 3, Scales.BYTE_PER_16), Q4_K(DType.Q4_K, 4, Scales.BYTES_PER_32),
    Q5_K(DType.Q5_K, 5, Scales.BYTES_PER_32), Q6_K(DType.Q6_K, 6, Scales.BYTE_PER_16);

    /// Most blocks of a chunk.
    private static final int CHUNK = 8;

    /// How the groups of elements that have a scale of their own store it.
    enum Scales {
        /// A half-precision number for each 32 elements.
        HALF,
        /// The same, and one for their minimum.
        HALF_AND_MINIMUM,
        /// A signed byte for each 16 elements, times a half-precision number for the whole chunk.
        BYTE_PER_16,
        /// A byte for each 32 elements and one for their minimum, times two half-precision numbers for the whole chunk.
        BYTES_PER_32
    }

    private final DType dtype;
    private final int bits;
    private final Scales scales;

    PackedType(DType dtype, int bits, Scales scales) {
        this.dtype = dtype;
        this.bits = bits;
        this.scales = scales;
    }

    static Optional<PackedType> of(DType dtype) {
        return Arrays.stream(values()).filter(type -> type.dtype == dtype).findFirst();
    }

    /// How its blocks lie before they are packed.
    DType dtype() {
        return dtype;
    }

    /// Bits of n.
    int bits() {
        return bits;
    }

    /// Whether products round activations to integers ([Int8Rows]).
    boolean roundsActivations() {
        return bits < 8;
    }

    int centre() {
        return 1 << bits - 1;
    }

    Scales scales() {
        return scales;
    }

    /// Elements that share a scale.
    int group() {
        return scales == Scales.BYTE_PER_16 ? 16 : 32;
    }

    boolean hasMinima() {
        return scales == Scales.HALF_AND_MINIMUM || scales == Scales.BYTES_PER_32;
    }

    /// Blocks of a chunk; the last of a panel may have fewer.
    int chunk() {
        return bits == 8 ? 1 : CHUNK;
    }

    /// Bytes of the scales of a chunk of `blocks` blocks.
    long scaleBytes(int blocks) {
        return ROWS * switch (scales) {
            case HALF -> 2L * blocks;
            case HALF_AND_MINIMUM -> 4L * blocks;
            case BYTE_PER_16 -> 2L + 2L * blocks;
            case BYTES_PER_32 -> 4L + 2L * blocks;
        };
    }

    /// Bytes of a chunk of `blocks` blocks.
    long chunkBytes(int blocks) {
        return scaleBytes(blocks) + 4L * ROWS * bits * blocks;
    }

    /// Bytes of a panel of rows of `inner` elements.
    long panelBytes(int inner) {
        int blocks = inner / 32;
        int last = blocks % chunk();
        return blocks / chunk() * chunkBytes(chunk()) + (last == 0 ? 0 : chunkBytes(last));
    }
}
