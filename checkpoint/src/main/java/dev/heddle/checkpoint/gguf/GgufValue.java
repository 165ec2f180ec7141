package dev.heddle.checkpoint.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A value of a GGUF file's metadata. Arrays of arrays, which nobody writes, are not supported.
public sealed interface GgufValue {
    /// The types of values, with the numbers that stand for them in files.
    enum Type {
        UINT8(0, 1), INT8(1, 1), UINT16(2, 2), INT16(3, 2), UINT32(4, 4), INT32(5, 4), FLOAT32(6, 4), BOOL(7, 1),
        STRING(8, 8), ARRAY(9, 12), UINT64(10, 8), INT64(11, 8), FLOAT64(12, 8);

        private final int id;
        private final int leastBytes;

        Type(int id, int leastBytes) {
            this.id = id;
            this.leastBytes = leastBytes;
        }

        public int id() {
            return id;
        }

        /// Bytes of a value; of strings and arrays, those of an empty one.
        int leastBytes() {
            return leastBytes;
        }

        static Optional<Type> of(long id) {
            return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
        }
    }

    /// A whole number; one of type UINT64 is to be read as unsigned.
    record Whole(Type type, long value) implements GgufValue {
        @Override
        public String toString() {
            return type == Type.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    /// A floating-point number.
    record Real(Type type, double value) implements GgufValue {
        @Override
        public String toString() {
            return type == Type.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
        }
    }

    record Flag(boolean value) implements GgufValue {
        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    record Text(String value) implements GgufValue {
        @Override
        public String toString() {
            return value;
        }
    }

    /// An array of whole numbers.
    record Wholes(Type elements, long[] values) implements GgufValue {
        @Override
        public String toString() {
            return shortened(Arrays.stream(values).mapToObj(Long::toString).limit(SHOWN).toList(), values.length);
        }
    }

    /// An array of floating-point numbers.
    record Reals(Type elements, double[] values) implements GgufValue {
        @Override
        public String toString() {
            return shortened(Arrays.stream(values).mapToObj(value -> new Real(elements, value).toString()).limit(SHOWN).toList(),
                    values.length);
        }
    }

    /// An array of flags.
    record Flags(boolean[] values) implements GgufValue {
        @Override
        public String toString() {
            return values.length <= SHOWN ? Arrays.toString(values) : values.length + " flags";
        }
    }

    /// An array of strings; one that was read from a file decodes each when it is asked for.
    record Strings(List<String> values) implements GgufValue {
        @Override
        public String toString() {
            return shortened(values.stream().limit(SHOWN).toList(), values.size());
        }
    }

    /// Entries of an array that are shown.
    int SHOWN = 8;

    private static String shortened(List<String> first, int size) {
        return size <= SHOWN ? first.toString() : "[" + String.join(", ", first) + ", …] (" + size + ")";
    }

    static Whole uint32(long value) {
        return new Whole(Type.UINT32, value);
    }

    static Real float32(double value) {
        return new Real(Type.FLOAT32, value);
    }
}
