package dev.heddle.checkpoint.gguf;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.weights.MappedFile;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The header of a GGUF file of version 2 or 3, checked completely: what it yields may be used without further checks.
///
/// A file is `GGUF`, a 4-byte version, the numbers of tensors and of metadata values (8 bytes each), the values (name,
/// type, value), the tensors (name, rank, dimensions from the contiguous one on, type, offset), a gap up to the
/// alignment, and the data, from whose start offsets count. All numbers are little-endian; strings are a length of
/// 8 bytes and UTF-8.
///
/// @param version   2 or 3
/// @param metadata  the values
/// @param tensors   by name, in the order of the header
/// @param alignment of the data and of every tensor in it, in bytes
/// @param dataStart where the data starts in the file
record GgufHeader(int version, GgufMetadata metadata, Map<String, GgufTensor> tensors, long alignment, long dataStart) {
    static final String MAGIC = "GGUF";
    static final String ALIGNMENT = "general.alignment";
    static final int DEFAULT_ALIGNMENT = 32;
    private static final int MAX_RANK = 4;
    private static final int MAX_NAME = 65_535;
    private static final long MAX_ALIGNMENT = 1 << 20;
    /// Bytes of the shortest metadata value, and of the shortest tensor.
    private static final int LEAST_VALUE = 8 + 1 + 4 + 1;
    private static final int LEAST_TENSOR = 8 + 1 + 4 + 4 + 8;

    static GgufHeader read(MappedFile file) {
        if (!file.startsWith(MAGIC)) {
            throw file.error("does not begin with \"" + MAGIC + "\"; this is no GGUF file");
        }
        GgufInput in = new GgufInput(file, MAGIC.length());
        long version = in.u32("the version");
        if (version != 2 && version != 3) {
            throw file.error(Integer.reverseBytes((int) version) >>> 8 == 0 && version != 0
                    ? "is a big-endian GGUF file, expected a little-endian one"
                    : "has GGUF version " + version + ", expected 2 or 3" + (version == 1 ? "; convert it again" : ""));
        }
        long tensorCount = in.count("the number of tensors", LEAST_TENSOR);
        long valueCount = in.count("the number of metadata values", LEAST_VALUE);
        GgufMetadata metadata = metadata(file, in, valueCount);
        long alignment = alignment(file, metadata);
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        for (long i = 0; i < tensorCount; i++) {
            GgufTensor tensor = tensor(file, in, alignment);
            if (tensors.put(tensor.name(), tensor) != null) {
                throw file.error("tensor " + tensor.name() + " occurs twice");
            }
        }
        // no data, no gap before it: vocabularies are published as files without tensors
        long dataStart = tensors.isEmpty() ? in.position() : Math.ceilDiv(in.position(), alignment) * alignment;
        Map<String, GgufTensor> placed = new LinkedHashMap<>();
        tensors.forEach((name, t) -> placed.put(name, new GgufTensor(name, t.type(), t.shape(), dataStart + t.offset(), t.bytes())));
        checkPlaces(file, placed);
        return new GgufHeader((int) version, metadata, Collections.unmodifiableMap(placed), alignment, dataStart);
    }

    private static GgufMetadata metadata(MappedFile file, GgufInput in, long count) {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        for (long i = 0; i < count; i++) {
            String name = in.text("the name of metadata value " + i, 1, MAX_NAME);
            if (values.put(name, in.value(name)) != null) {
                throw file.error("the metadata has " + name + " twice");
            }
        }
        return new GgufMetadata(file.path().toString(), values);
    }

    private static long alignment(MappedFile file, GgufMetadata metadata) {
        long alignment = metadata.index(ALIGNMENT).orElse(DEFAULT_ALIGNMENT);
        if (alignment == 0 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw file.error(ALIGNMENT + " is " + alignment + ", expected a power of two up to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    /// A tensor whose offset still counts from the start of the data.
    private static GgufTensor tensor(MappedFile file, GgufInput in, long alignment) {
        String name = in.text("the name of a tensor", 1, MAX_NAME);
        String where = "tensor " + name;
        long rank = in.u32(where + ": the rank");
        if (rank > MAX_RANK) {
            throw file.error(where + " has " + rank + " dimensions, expected at most " + MAX_RANK);
        }
        long[] shape = new long[(int) rank];
        for (int i = shape.length - 1; i >= 0; i--) {
            shape[i] = in.i64(where + ": a dimension");
            if (shape[i] < 0) {
                throw file.error(where + " has a dimension of " + Long.toUnsignedString(shape[i]));
            }
        }
        long id = in.u32(where + ": the type");
        GgmlType type = GgmlType.of(id).orElseThrow(() -> file.error(where + " is of type " + id + ", known are "
                + Arrays.stream(GgmlType.values()).map(t -> t.id() + " (" + t + ")").collect(Collectors.joining(", "))));
        long offset = in.i64(where + ": the offset");
        long row = rank == 0 ? 1 : shape[shape.length - 1];
        if (row % type.blockElements() != 0) {
            throw file.error(where + " of type " + type + " has rows of " + row + " elements, expected a multiple of "
                    + type.blockElements());
        }
        long bytes;
        try {
            bytes = type.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        } catch (ArithmeticException e) {
            throw new CheckpointException(file.path() + ": " + where + " of shape " + Arrays.toString(shape)
                    + " has more elements than can be counted", e);
        }
        if (offset < 0 || offset > file.size() || offset % alignment != 0) {
            throw file.error(where + " begins at byte " + Long.toUnsignedString(offset) + " of the data, expected a multiple of "
                    + alignment + " inside a file of " + file.size() + " bytes");
        }
        return new GgufTensor(name, type, shape, offset, bytes);
    }

    private static void checkPlaces(MappedFile file, Map<String, GgufTensor> tensors) {
        List<GgufTensor> sorted = tensors.values().stream().filter(tensor -> tensor.bytes() > 0)
                .sorted(Comparator.comparingLong(GgufTensor::offset)).toList();
        long end = 0;
        String before = "";
        for (GgufTensor tensor : sorted) {
            if (tensor.bytes() > file.size() - tensor.offset()) {
                throw file.error("tensor " + tensor.name() + " of " + tensor.bytes() + " bytes begins at byte "
                        + tensor.offset() + " of a file of " + file.size() + " bytes; the file is truncated");
            }
            if (tensor.offset() < end) {
                throw file.error("tensor " + tensor.name() + " begins at byte " + tensor.offset() + ", before " + before
                        + " ends at " + end + ": tensors overlap");
            }
            end = tensor.offset() + tensor.bytes();
            before = tensor.name();
        }
    }
}
