package dev.heddle.core.tensor;

/// How the numbers of a tensor are stored. Weights stay in their stored type; activations and recurrent
/// states are [#F32].
public enum DType {
    F64(8), F32(4), F16(2), BF16(2), I64(8), I32(4), I16(2), I8(1), U8(1), BOOL(1);

    private final int size;

    DType(int size) {
        this.size = size;
    }

    /// Bytes of one element.
    public int size() {
        return size;
    }

    /// Bytes of `elements` consecutive elements.
    /// @throws ArithmeticException if the product does not fit a long
    public long bytes(long elements) {
        return Math.multiplyExact(elements, (long) size);
    }

    /// True for the types a weight may be stored in.
    public boolean isFloat() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }
}
