package dev.heddle.checkpoint.gguf;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.weights.NewFile;
import dev.heddle.core.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes a GGUF file of version 3, tensor by tensor and piece by piece, of any size.
///
/// Metadata and tensors are [declared][Builder#declare] first, because the header comes first; then the tensors' bytes are
/// written in the order of their declaration, and [#commit] puts the finished file in place. Until then the bytes lie in
/// a temporary file beside it, so a reader sees the old file or the new one, never half of one. Closing without a commit
/// discards everything, and so does the end of the program.
public final class GgufWriter implements AutoCloseable {
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;

    private final Path target;
    private final NewFile file;
    private final List<Entry> entries;
    private final long dataStart;
    private int current;
    private long written;

    private record Entry(String name, GgmlType type, long[] shape, long offset, long bytes) {
    }

    private GgufWriter(Path target, NewFile file, List<Entry> entries, long dataStart) {
        this.target = target;
        this.file = file;
        this.entries = entries;
        this.dataStart = dataStart;
    }

    /// What a file will hold.
    public static final class Builder {
        private final Path target;
        private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
        private final Map<String, Entry> entries = new LinkedHashMap<>();
        private long end;

        private Builder(Path target) {
            this.target = target;
        }

        /// Sets a value of the metadata.
        public Builder metadata(String name, GgufValue value) {
            metadata.put(name, value);
            return this;
        }

        public Builder metadata(Map<String, GgufValue> all) {
            metadata.putAll(all);
            return this;
        }

        /// Announces a tensor.
        ///
        /// @param shape the contiguous dimension last, of whole blocks
        /// @throws IllegalArgumentException if the name is taken or GGUF has no such type
        public Builder declare(String name, DType dtype, long... shape) {
            GgmlType type = GgmlType.of(dtype).orElseThrow(() -> new IllegalArgumentException("GGUF has no type " + dtype));
            long elements = 1;
            for (long dimension : shape) {
                elements = Math.multiplyExact(elements, dimension);
            }
            long bytes = dtype.bytes(elements);
            if (entries.put(name, new Entry(name, type, shape.clone(), end, bytes)) != null) {
                throw new IllegalArgumentException("the name " + name + " is taken");
            }
            end = aligned(Math.addExact(end, bytes));
            return this;
        }

        /// Creates the temporary file and writes the header.
        /// @throws CheckpointException if the folder cannot be written
        public GgufWriter open() {
            ByteBuffer header = header();
            int dataStart = header.limit();
            return new GgufWriter(target, NewFile.begin(target, header), new ArrayList<>(entries.values()), dataStart);
        }

        private ByteBuffer header() {
            GgufOutput out = new GgufOutput();
            out.raw(GgufHeader.MAGIC.getBytes(StandardCharsets.US_ASCII));
            out.int32(VERSION);
            out.int64(entries.size());
            out.int64(metadata.size());
            metadata.forEach((name, value) -> {
                out.text(name);
                out.value(value);
            });
            for (Entry entry : entries.values()) {
                out.text(entry.name());
                out.int32(entry.shape().length);
                for (int i = entry.shape().length - 1; i >= 0; i--) {
                    out.int64(entry.shape()[i]);
                }
                out.int32(entry.type().id());
                out.int64(entry.offset());
            }
            out.raw(new byte[(int) (aligned(out.size()) - out.size())]);
            return ByteBuffer.wrap(out.bytes());
        }
    }

    /// Starts the description of the file `target`.
    public static Builder to(Path target) {
        return new Builder(target);
    }

    /// Writes the next bytes of the tensor, which must be the one whose turn it is.
    /// @throws CheckpointException if the file cannot be written
    public void write(String name, ByteBuffer bytes) {
        skipEmpty();
        if (current == entries.size() || !entries.get(current).name().equals(name)) {
            throw new IllegalStateException("it is not the turn of tensor " + name);
        }
        Entry entry = entries.get(current);
        int count = bytes.remaining();
        if (count > entry.bytes() - written) {
            throw new IllegalStateException("tensor " + name + " has " + entry.bytes() + " bytes, not more");
        }
        file.write(bytes, dataStart + entry.offset() + written);
        written += count;
        if (written == entry.bytes()) {
            current++;
            written = 0;
        }
    }

    private void skipEmpty() {
        while (current < entries.size() && entries.get(current).bytes() == 0) {
            current++;
        }
    }

    /// Puts the finished file in place.
    /// @throws IllegalStateException if a declared tensor was not written completely
    /// @throws CheckpointException if the file cannot be written
    public void commit() {
        skipEmpty();
        if (current < entries.size()) {
            throw new IllegalStateException(target + ": tensor " + entries.get(current).name() + " was not written");
        }
        if (!entries.isEmpty()) {
            // readers expect the gap after the last tensor, too
            file.extend(dataStart + aligned(entries.getLast().offset() + entries.getLast().bytes()));
        }
        file.commit();
    }

    /// Discards the temporary file unless it was committed.
    @Override
    public void close() {
        file.close();
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * (long) ALIGNMENT;
    }
}
