package dev.heddle.checkpoint.gguf;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufValue.Type;
import dev.heddle.checkpoint.weights.MappedFile;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;
import java.util.stream.Collectors;

/// Reads the header of a GGUF file from front to back. Every length is checked against what is left of the file before
/// memory is taken for it, so that a hostile file costs no more than a small multiple of its own size.
final class GgufInput {
    private static final int MAX_TEXT = 64 << 20;
    private static final int MAX_ELEMENTS = 1 << 24;

    private final MappedFile file;
    private long position;

    GgufInput(MappedFile file, long position) {
        this.file = file;
        this.position = position;
    }

    long position() {
        return position;
    }

    long u32(String what) {
        return file.u32(advance(what, 4));
    }

    long i64(String what) {
        return file.i64(advance(what, 8));
    }

    /// A number of things that take `least` bytes or more each.
    long count(String what, int least) {
        long count = i64(what);
        if (count < 0 || count > (file.size() - position) / least) {
            throw file.error(what + " is " + Long.toUnsignedString(count) + " (at byte " + (position - 8) + "), too many for the "
                    + (file.size() - position) + " bytes that follow");
        }
        return count;
    }

    /// A string of `least` to `most` bytes.
    String text(String what, int least, int most) {
        long length = i64(what);
        if (length < least || length > most) {
            throw file.error(what + " has a length of " + Long.toUnsignedString(length) + " bytes (at byte " + (position - 8)
                    + "), expected " + least + " to " + most);
        }
        long at = advance(what, length);
        return decoded(what, at, (int) length);
    }

    GgufValue value(String name) {
        Type type = type(name);
        return switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> new GgufValue.Whole(type,
                    whole(type, advance(name, type.leastBytes())));
            case FLOAT32, FLOAT64 -> new GgufValue.Real(type, real(type, advance(name, type.leastBytes())));
            case BOOL -> new GgufValue.Flag(flag(name, advance(name, 1)));
            case STRING -> new GgufValue.Text(text(name, 0, MAX_TEXT));
            case ARRAY -> array(name);
        };
    }

    private Type type(String name) {
        long id = u32(name + ": the type");
        return Type.of(id).orElseThrow(() -> file.error(name + " is of type " + id + " (at byte " + (position - 4)
                + "), known are " + Arrays.stream(Type.values()).map(type -> type.id() + " (" + type + ")")
                        .collect(Collectors.joining(", "))));
    }

    private GgufValue array(String name) {
        Type type = type(name);
        long count = i64(name + ": the number of elements");
        if (count < 0 || count > MAX_ELEMENTS || count > (file.size() - position) / type.leastBytes()) {
            throw file.error(name + " has " + Long.toUnsignedString(count) + " elements of type " + type + " (at byte "
                    + (position - 8) + "), expected at most " + Math.min(MAX_ELEMENTS, (file.size() - position) / type.leastBytes()));
        }
        int size = (int) count;
        return switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> {
                long[] values = new long[size];
                for (int i = 0; i < size; i++) {
                    values[i] = whole(type, advance(name, type.leastBytes()));
                }
                yield new GgufValue.Wholes(type, values);
            }
            case FLOAT32, FLOAT64 -> {
                double[] values = new double[size];
                for (int i = 0; i < size; i++) {
                    values[i] = real(type, advance(name, type.leastBytes()));
                }
                yield new GgufValue.Reals(type, values);
            }
            case BOOL -> {
                boolean[] values = new boolean[size];
                for (int i = 0; i < size; i++) {
                    values[i] = flag(name, advance(name, 1));
                }
                yield new GgufValue.Flags(values);
            }
            case STRING -> strings(name, size);
            case ARRAY -> throw file.error(name + " is an array of arrays, expected one of plain values");
        };
    }

    private GgufValue.Strings strings(String name, int size) {
        long[] starts = new long[size];
        for (int i = 0; i < size; i++) {
            starts[i] = position;
            long length = i64(name);
            if (length < 0 || length > MAX_TEXT) {
                throw file.error(name + "[" + i + "] has a length of " + Long.toUnsignedString(length) + " bytes (at byte "
                        + starts[i] + "), expected at most " + MAX_TEXT);
            }
            advance(name, length);
        }
        return new GgufValue.Strings(new StringsOfFile(name, starts));
    }

    /// Strings that are decoded when they are asked for: a vocabulary has hundreds of thousands of them.
    private final class StringsOfFile extends AbstractList<String> implements RandomAccess {
        private final String name;
        private final long[] starts;

        StringsOfFile(String name, long[] starts) {
            this.name = name;
            this.starts = starts;
        }

        @Override
        public String get(int index) {
            long start = starts[index];
            return decoded(name + "[" + index + "]", start + 8, (int) file.i64(start));
        }

        @Override
        public int size() {
            return starts.length;
        }
    }

    private long whole(Type type, long at) {
        return switch (type) {
            case UINT8 -> file.u8(at);
            case INT8 -> (byte) file.u8(at);
            case UINT16 -> file.u16(at);
            case INT16 -> (short) file.u16(at);
            case UINT32 -> file.u32(at);
            case INT32 -> (int) file.u32(at);
            case UINT64, INT64 -> file.i64(at);
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> throw new IllegalArgumentException(type + " is no whole number");
        };
    }

    private double real(Type type, long at) {
        return type == Type.FLOAT32 ? Float.intBitsToFloat((int) file.u32(at)) : Double.longBitsToDouble(file.i64(at));
    }

    private boolean flag(String name, long at) {
        int value = file.u8(at);
        if (value > 1) {
            throw file.error(name + " is " + value + " (at byte " + at + "), expected 0 or 1");
        }
        return value == 1;
    }

    private String decoded(String what, long at, int length) {
        byte[] bytes = file.copy(at, length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file.path() + ": " + what + " (at byte " + at + ") is not valid UTF-8", e);
        }
    }

    /// The position, which moves on by `bytes`.
    private long advance(String what, long bytes) {
        if (bytes > file.size() - position) {
            throw file.error(what + " (at byte " + position + ") needs " + bytes + " bytes, the file has only "
                    + (file.size() - position) + " more; it is truncated");
        }
        long at = position;
        position += bytes;
        return at;
    }
}
