package dev.heddle.core.tensor;

/// How the numbers of a tensor are stored. Weights stay in their stored type; activations and recurrent
/// states are [#F32].
///
/// The types from [#Q8_0] on are *quantized*: a row is a sequence of blocks of 32 or 256 small integers that share
/// scales, laid out as in GGUF files. Their elements have no address of their own; [Blocks] reads them.
public enum DType {
    F64(8), F32(4), F16(2), BF16(2), I64(8), I32(4), I16(2), I8(1), U8(1), BOOL(1),
    Q8_0(32, 34), Q4_0(32, 18), Q4_1(32, 20), Q5_0(32, 22), Q5_1(32, 24),
    Q3_K(256, 110), Q4_K(256, 144), Q5_K(256, 176), Q6_K(256, 210);

    private final int blockElements;
    private final int blockBytes;

    DType(int size) {
        this(1, size);
    }

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// Bytes of one element.
    /// @throws IllegalStateException for a quantized type
    public int size() {
        if (isQuantized()) {
            throw new IllegalStateException("an element of " + this + " has no size of its own");
        }
        return blockBytes;
    }

    /// Elements that are stored together; 1 unless the type is quantized.
    public int blockElements() {
        return blockElements;
    }

    /// Bytes of such a block.
    public int blockBytes() {
        return blockBytes;
    }

    /// Bytes of `elements` consecutive elements.
    /// @throws ArithmeticException      if the product does not fit a long
    /// @throws IllegalArgumentException if a quantized type has no whole number of blocks for them
    public long bytes(long elements) {
        if (elements % blockElements != 0) {
            throw new IllegalArgumentException(elements + " elements of " + this + " are no whole number of blocks of "
                    + blockElements);
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /// True for floating-point numbers of one element each.
    public boolean isFloat() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    /// True for the types whose elements are stored in blocks with scales.
    public boolean isQuantized() {
        return blockElements > 1;
    }
}
