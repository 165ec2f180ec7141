package dev.heddle.core.state;

import dev.heddle.core.tensor.DType;
import java.util.Locale;

/// How what sequences remember is stored: smaller types take less memory and less time to read, and are less exact.
///
/// @param keys      of attention: f32, bf16, f16 or q8_0
/// @param values    likewise
/// @param recurrent large recurrent states
public record StateTypes(DType keys, DType values, RecurrentType recurrent) {
    /// Nothing is rounded.
    public static final StateTypes EXACT = new StateTypes(DType.F32, DType.F32, RecurrentType.F32);

    public StateTypes {
        requireSupported("keys", keys);
        requireSupported("values", values);
    }

    private static void requireSupported(String what, DType type) {
        switch (type) {
            case F32, BF16, F16, Q8_0 -> {
            }
            case F64, I64, I32, I16, I8, U8, BOOL, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K ->
                throw new IllegalArgumentException(what + " are kept in f32, bf16, f16 or q8_0, not in " + name(type));
        }
    }

    /// Keys and values of one type, states exact.
    public static StateTypes keyValues(DType type) {
        return new StateTypes(type, type, RecurrentType.F32);
    }

    public StateTypes withRecurrent(RecurrentType type) {
        return new StateTypes(keys, values, type);
    }

    /// Bytes of so many numbers of keys, the scales of blocks counted in proportion.
    public long keyBytes(long elements) {
        return bytes(keys, elements);
    }

    /// Bytes of so many numbers of values.
    public long valueBytes(long elements) {
        return bytes(values, elements);
    }

    private static long bytes(DType type, long elements) {
        return Math.ceilDiv(elements * type.blockBytes(), (long) type.blockElements());
    }

    /// `f32`, or `q8_0 keys, f16 values`.
    public String keyValueText() {
        return keys == values ? name(keys) : name(keys) + " keys, " + name(values) + " values";
    }

    /// `f32`.
    public String recurrentText() {
        return recurrent.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return "keys " + name(keys) + ", values " + name(values) + ", states " + recurrentText();
    }

    private static String name(DType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /// @throws IllegalArgumentException if a layer's heads are no whole blocks of a type
    void requireFit(StateLayout layout) {
        for (StateLayout.KeyValue kv : layout.keyValues()) {
            requireFit(kv, "keys", keys, kv.keyDim());
            requireFit(kv, "values", values, kv.valueDim());
        }
    }

    private static void requireFit(StateLayout.KeyValue kv, String what, DType type, int width) {
        if (width % type.blockElements() != 0) {
            throw new IllegalArgumentException("the " + what + " of " + kv.name() + " have heads of " + width + " numbers; "
                    + name(type) + " needs multiples of " + type.blockElements() + " (f16 and bf16 take any)");
        }
    }
}
