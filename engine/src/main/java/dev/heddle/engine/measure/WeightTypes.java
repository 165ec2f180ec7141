package dev.heddle.engine.measure;

import dev.heddle.core.tensor.DType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Which type each matrix of a random model has: one for all, or the mixture that goes by the name q4_K_M in GGUF files,
/// where the head, values of attention and half of the matrices back to the model's width have q6_K and all others q4_K.
///
/// A matrix whose rows are no whole blocks takes the nearest type with shorter ones, as in GGUF files.
public record WeightTypes(String name, DType usual, DType finer) {
    private static final String MIXTURE = "q4_k_m";

    /// One type for all.
    public static WeightTypes of(DType type) {
        return new WeightTypes(type.name().toLowerCase(Locale.ROOT), type, type);
    }

    /// The types called `name`, in any case; nothing if there are none.
    public static Optional<WeightTypes> named(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.equals(MIXTURE)) {
            return Optional.of(new WeightTypes(lower, DType.Q4_K, DType.Q6_K));
        }
        return types().filter(type -> type.name().toLowerCase(Locale.ROOT).equals(lower)).findFirst().map(WeightTypes::of);
    }

    /// All names.
    public static String names() {
        return Stream.concat(types().map(type -> type.name().toLowerCase(Locale.ROOT)), Stream.of(MIXTURE))
                .collect(Collectors.joining(", "));
    }

    private static Stream<DType> types() {
        return Arrays.stream(DType.values())
                .filter(type -> type == DType.F32 || type == DType.F16 || type == DType.BF16 || type.isQuantized());
    }

    /// The type of matrix `index` of the model, which has rows of `columns` elements.
    DType of(String parameter, long index, long columns) {
        boolean fine = parameter.startsWith("head") || parameter.startsWith("embedding") || parameter.endsWith(".v.weight")
                || parameter.endsWith("down.weight") && index % 2 == 0;
        DType type = fine ? finer : usual;
        while (columns % type.blockElements() != 0) {
            type = switch (type) {
                case Q3_K -> DType.Q4_0;
                case Q4_K -> DType.Q5_0;
                case Q5_K -> DType.Q5_1;
                case Q6_K -> DType.Q8_0;
                case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 -> DType.F16;
                case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL ->
                    throw new IllegalStateException(type + " has blocks of one element");
            };
        }
        return type;
    }
}
