package dev.heddle.checkpoint.gguf;

import dev.heddle.core.tensor.DType;
import java.util.Arrays;
import java.util.Optional;

/// How a GGUF file stores the numbers of a tensor: blocks of so many elements in so many bytes.
///
/// The names and numbers are those of ggml. Types that Heddle computes with are [DType]s of the same name; the others
/// are known by their size alone, so that a file that holds some can be inspected.
public enum GgmlType {
    F32(0, 1, 4), F16(1, 1, 2), Q4_0(2, 32, 18), Q4_1(3, 32, 20), Q5_0(6, 32, 22), Q5_1(7, 32, 24), Q8_0(8, 32, 34),
    Q8_1(9, 32, 36), Q2_K(10, 256, 84), Q3_K(11, 256, 110), Q4_K(12, 256, 144), Q5_K(13, 256, 176), Q6_K(14, 256, 210),
    Q8_K(15, 256, 292), IQ2_XXS(16, 256, 66), IQ2_XS(17, 256, 74), IQ3_XXS(18, 256, 98), IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18), IQ3_S(21, 256, 110), IQ2_S(22, 256, 82), IQ4_XS(23, 256, 136), I8(24, 1, 1), I16(25, 1, 2),
    I32(26, 1, 4), I64(27, 1, 8), F64(28, 1, 8), IQ1_M(29, 256, 56), BF16(30, 1, 2), TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66), MXFP4(39, 32, 17), NVFP4(40, 64, 36), Q1_0(41, 128, 18), Q2_0(42, 64, 18);

    private final int id;
    private final int blockElements;
    private final int blockBytes;
    private final Optional<DType> dtype;

    GgmlType(int id, int blockElements, int blockBytes) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        dtype = Arrays.stream(DType.values()).filter(type -> type.name().equals(name())).findFirst();
    }

    /// The number that stands for it in files.
    public int id() {
        return id;
    }

    /// Elements of a block, all of one row.
    public int blockElements() {
        return blockElements;
    }

    /// Bytes of a block.
    public int blockBytes() {
        return blockBytes;
    }

    /// The type Heddle computes with; empty if it cannot.
    public Optional<DType> dtype() {
        return dtype;
    }

    /// Bytes of `elements` elements, which must be whole blocks.
    /// @throws ArithmeticException if they do not fit a long
    public long bytes(long elements) {
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /// The type with this number.
    public static Optional<GgmlType> of(long id) {
        return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
    }

    /// The type in which a GGUF file stores `dtype`; empty if it has none.
    public static Optional<GgmlType> of(DType dtype) {
        return Arrays.stream(values()).filter(type -> type.name().equals(dtype.name())).findFirst();
    }
}
