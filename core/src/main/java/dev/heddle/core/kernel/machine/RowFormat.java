package dev.heddle.core.kernel.machine;

/// Activations in blocks of 32, as they are or rounded to integers: x ≈ e·q, with e = max|x| / `largest` and q the nearest
/// integers.
///
/// The blocks of up to [#tokens] rows, a tile, lie interleaved: block 0 of each row, then block 1 of each row, so that a product
/// finds all it needs at fixed distances from one address. Eight-bit blocks are 32 bytes q, and then in 32 bits each the f32 e
/// and e·Σq and the integers −Σq of the first half, of the second half and of the whole. Sixteen-bit blocks are 32 bytes of
/// upper parts h and 32 of lower parts l, q = 128·h + l with −64 ≤ l < 64, then e and −Σq.
enum RowFormat {
    EIGHT_BITS(127, 1e-35f, 64), SIXTEEN_BITS(127 * 128, 1e-34f, 80), FLOATS(0, 0, 128);

    /// Bytes from the start of a block to the lower parts (of sixteen bits).
    static final int LOW = 32;

    private final int largest;
    private final float smallest;
    private final int bytes;

    RowFormat(int largest, float smallest, int bytes) {
        this.largest = largest;
        this.smallest = smallest;
        this.bytes = bytes;
    }

    /// The largest magnitude of q.
    int largest() {
        return largest;
    }

    /// Most rows of a tile. With a vector of integers and one of floats for each, or four of floats, a product fills 24 of 32
    /// registers.
    int tokens() {
        return this == FLOATS ? 6 : 12;
    }

    /// Blocks without a larger magnitude become zeros: below, `largest` / max|x| would not be a finite float.
    float smallest() {
        return smallest;
    }

    /// Bytes of a block.
    int bytes() {
        return bytes;
    }

    /// Bytes of a row of `inner` elements.
    long rowBytes(int inner) {
        return (long) bytes * (inner / 32);
    }

    /// Bytes from the start of a block to e.
    int scaleAt() {
        return this == EIGHT_BITS ? 32 : 64;
    }

    /// Bytes from the start of an eight-bit block to e·Σq.
    int totalAt() {
        return 36;
    }

    /// Bytes from the start of a block to −Σq.
    int sumAt() {
        return this == EIGHT_BITS ? 48 : 68;
    }

    /// Bytes from the start of an eight-bit block to −Σq of its first or its second half.
    int halfSumAt(int half) {
        return 40 + 4 * half;
    }
}
