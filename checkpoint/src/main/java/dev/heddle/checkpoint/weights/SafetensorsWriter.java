package dev.heddle.checkpoint.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Writes a safetensors file tensor by tensor, of any size.
///
/// All tensors are [declared][Builder#declare] first, because the header comes first; their contents are then
/// written in any order, and [#commit] puts the finished file in place. Until then the bytes lie in a temporary
/// file beside it, so a reader sees the old file or the new one, never half of one. Closing without a commit
/// discards everything.
///
/// The data starts at a multiple of 64 bytes and holds wide element types before narrow ones, so every element
/// is aligned to its size. Not for use from several threads at once.
public final class SafetensorsWriter implements AutoCloseable {
    private static final int CHUNK = 64 << 20;
    private static final int CONVERSION_ELEMENTS = 1 << 16;

    private final Path target;
    private final NewFile file;
    private final Map<String, SafetensorsHeader.Entry> entries;
    private final Set<String> unwritten;
    private final long dataStart;

    private SafetensorsWriter(Path target, NewFile file, Map<String, SafetensorsHeader.Entry> entries, long dataStart) {
        this.target = target;
        this.file = file;
        this.entries = entries;
        this.unwritten = new HashSet<>(entries.keySet());
        this.dataStart = dataStart;
    }

    /// What a file will hold.
    public static final class Builder {
        private final Path target;
        private final Map<String, DType> dtypes = new LinkedHashMap<>();
        private final Map<String, long[]> shapes = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();

        private Builder(Path target) {
            this.target = target;
        }

        /// Text to carry in the header; Python tools expect `format` to be `pt`.
        public Builder metadata(String key, String value) {
            metadata.put(key, value);
            return this;
        }

        public Builder metadata(Map<String, String> all) {
            metadata.putAll(all);
            return this;
        }

        /// Announces a tensor.
        /// @throws IllegalArgumentException if the name is taken, a dimension is negative or the type quantized
        public Builder declare(String name, DType dtype, long... shape) {
            if (dtype.isQuantized()) {
                throw new IllegalArgumentException("safetensors cannot hold the quantized type " + dtype);
            }
            if (name.equals("__metadata__") || dtypes.containsKey(name)) {
                throw new IllegalArgumentException("the name " + name + " is taken");
            }
            shapes.put(name, Tensor.shapeOnly(dtype, shape).shape());
            dtypes.put(name, dtype);
            return this;
        }

        /// Creates the temporary file and writes the header.
        /// @throws CheckpointException if the folder cannot be written
        public SafetensorsWriter open() {
            Map<String, SafetensorsHeader.Entry> entries = layOut();
            byte[] json = header(entries);
            long dataStart = Math.ceilDiv(8L + json.length, Memory.ALIGNMENT) * Memory.ALIGNMENT;
            if (dataStart - 8 > SafetensorsHeader.MAX_HEADER) {
                throw new IllegalArgumentException(target + ": a header of " + (dataStart - 8)
                        + " bytes, the format allows " + SafetensorsHeader.MAX_HEADER);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) dataStart).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(dataStart - 8).put(json);
            Arrays.fill(bytes.array(), bytes.position(), bytes.capacity(), (byte) ' ');
            return new SafetensorsWriter(target, NewFile.begin(target, bytes.rewind()), entries, dataStart);
        }

        private Map<String, SafetensorsHeader.Entry> layOut() {
            List<String> order = new ArrayList<>(dtypes.keySet());
            order.sort(Comparator.comparingInt(name -> -dtypes.get(name).size()));
            Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
            dtypes.keySet().forEach(name -> entries.put(name, null));
            long end = 0;
            for (String name : order) {
                DType dtype = dtypes.get(name);
                long[] shape = shapes.get(name);
                long next = Math.addExact(end, dtype.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact)));
                entries.put(name, new SafetensorsHeader.Entry(dtype, shape, end, next));
                end = next;
            }
            return entries;
        }

        private byte[] header(Map<String, SafetensorsHeader.Entry> entries) {
            ObjectNode json = Json.object();
            if (!metadata.isEmpty()) {
                ObjectNode texts = json.putObject("__metadata__");
                metadata.forEach(texts::put);
            }
            entries.forEach((name, entry) -> {
                ObjectNode node = json.putObject(name).put("dtype", entry.dtype().name());
                ArrayNode shape = node.putArray("shape");
                Arrays.stream(entry.shape()).forEach(shape::add);
                node.putArray("data_offsets").add(entry.begin()).add(entry.end());
            });
            try {
                return Json.mapper().writer().without(SerializationFeature.INDENT_OUTPUT)
                        .writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// Starts the description of the file `target`.
    public static Builder to(Path target) {
        return new Builder(target);
    }

    /// Writes these tensors as they are.
    /// @throws CheckpointException if the file cannot be written
    public static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata) {
        Builder builder = to(target).metadata(metadata);
        tensors.forEach((name, tensor) -> builder.declare(name, tensor.dtype(), tensor.shape()));
        try (SafetensorsWriter writer = builder.open()) {
            tensors.forEach(writer::write);
            writer.commit();
        }
    }

    /// Writes the content of a declared tensor. A tensor of another float type is converted, rounding to nearest
    /// even.
    /// @throws IllegalArgumentException if the name was not declared, the shape differs or the type cannot be converted
    /// @throws CheckpointException if the file cannot be written
    public void write(String name, Tensor tensor) {
        SafetensorsHeader.Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(name + " was not declared");
        }
        if (!Arrays.equals(entry.shape(), tensor.shape())) {
            throw new IllegalArgumentException(name + " was declared with shape " + Arrays.toString(entry.shape())
                    + ", not " + Arrays.toString(tensor.shape()));
        }
        boolean convert = tensor.dtype() != entry.dtype();
        if (convert && !(tensor.dtype().isFloat() && entry.dtype().isFloat())) {
            throw new IllegalArgumentException(name + " was declared as " + entry.dtype() + ", not " + tensor.dtype());
        }
        long at = dataStart + entry.begin();
        if (tensor.elements() > 0) {
            long rows = tensor.isContiguous() ? 1 : tensor.rows();
            long elements = tensor.elements() / rows;
            for (long row = 0; row < rows; row++) {
                long address = tensor.address(row);
                if (convert) {
                    writeConverted(tensor.dtype(), entry.dtype(), address, elements, at);
                } else {
                    write(address, entry.dtype().bytes(elements), at);
                }
                at += entry.dtype().bytes(elements);
            }
        }
        unwritten.remove(name);
    }

    /// Puts the finished file in place.
    /// @throws IllegalStateException if a declared tensor was not written
    /// @throws CheckpointException if the file cannot be written
    public void commit() {
        if (!unwritten.isEmpty()) {
            throw new IllegalStateException(target + ": not written: " + unwritten.stream().sorted().limit(5).toList()
                    + (unwritten.size() > 5 ? " and " + (unwritten.size() - 5) + " more" : ""));
        }
        file.commit();
    }

    /// Discards the temporary file unless it was committed.
    @Override
    public void close() {
        file.close();
    }

    private void write(long address, long bytes, long at) {
        for (long done = 0; done < bytes; done += CHUNK) {
            MemorySegment piece = Memory.ALL.asSlice(address + done, Math.min(CHUNK, bytes - done));
            file.write(piece.asByteBuffer(), at + done);
        }
    }

    private void writeConverted(DType from, DType to, long address, long elements, long at) {
        try (Arena arena = Arena.ofConfined()) {
            int most = (int) Math.min(elements, CONVERSION_ELEMENTS);
            MemorySegment converted = arena.allocate(to.bytes(most), Memory.ALIGNMENT);
            for (long done = 0; done < elements; done += most) {
                int count = (int) Math.min(most, elements - done);
                for (int i = 0; i < count; i++) {
                    Memory.store(to, converted.address() + to.bytes(i), Memory.load(from, address + from.bytes(done + i)));
                }
                file.write(converted.asSlice(0, to.bytes(count)).asByteBuffer(), at + to.bytes(done));
            }
        }
    }
}
