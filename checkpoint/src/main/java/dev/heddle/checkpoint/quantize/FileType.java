package dev.heddle.checkpoint.quantize;

import dev.heddle.core.tensor.DType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// A mixture of types for the tensors of a model, under llama.cpp's names: `q4_K_M` is mostly Q4_K, with more bits where they
/// matter most; `…_S` has fewer such tensors. Which tensor gets what is up to [TensorTypes].
public enum FileType {
    F32(0, DType.F32), F16(1, DType.F16), BF16(32, DType.BF16), Q8_0(7, DType.Q8_0), Q4_0(2, DType.Q4_0), Q4_1(3, DType.Q4_1),
    Q5_0(8, DType.Q5_0), Q5_1(9, DType.Q5_1), Q3_K_S(11, DType.Q3_K), Q3_K_M(12, DType.Q3_K), Q4_K_S(14, DType.Q4_K),
    Q4_K_M(15, DType.Q4_K), Q5_K_S(16, DType.Q5_K), Q5_K_M(17, DType.Q5_K), Q6_K(18, DType.Q6_K);

    private final int number;
    private final DType type;

    FileType(int number, DType type) {
        this.number = number;
        this.type = type;
    }

    /// The number that stands for it in `general.file_type`.
    public int number() {
        return number;
    }

    /// The type of most matrices.
    public DType type() {
        return type;
    }

    /// As people write it: `q4_K_M`.
    public String label() {
        return name().replaceFirst("^Q", "q").replaceFirst("^F", "f").replaceFirst("^BF", "bf");
    }

    /// The mixture people call so, in upper or lower case.
    public static Optional<FileType> named(String label) {
        return Arrays.stream(values()).filter(type -> type.name().equals(label.toUpperCase(Locale.ROOT))).findFirst();
    }
}
