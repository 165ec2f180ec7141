package dev.heddle.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Writes GGUF files byte by byte for tests, wrong ones too.
public final class GgufBytes {
    private final ByteArrayOutputStream values = new ByteArrayOutputStream();
    private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final int alignment;
    private int version = 3;
    private long valueCount;
    private long tensorCount;

    public GgufBytes() {
        this(32);
    }

    public GgufBytes(int alignment) {
        this.alignment = alignment;
    }

    public GgufBytes version(int version) {
        this.version = version;
        return this;
    }

    public GgufBytes text(String name, String value) {
        start(name, 8);
        string(values, value);
        return this;
    }

    public GgufBytes uint32(String name, long value) {
        start(name, 4);
        u32(values, value);
        return this;
    }

    public GgufBytes float32(String name, float value) {
        start(name, 6);
        u32(values, Float.floatToRawIntBits(value));
        return this;
    }

    public GgufBytes flag(String name, boolean value) {
        start(name, 7);
        values.write(value ? 1 : 0);
        return this;
    }

    public GgufBytes texts(String name, List<String> all) {
        startArray(name, 8, all.size());
        all.forEach(text -> string(values, text));
        return this;
    }

    public GgufBytes int32s(String name, int... all) {
        startArray(name, 5, all.length);
        for (int value : all) {
            u32(values, value);
        }
        return this;
    }

    public GgufBytes float32s(String name, float... all) {
        startArray(name, 6, all.length);
        for (float value : all) {
            u32(values, Float.floatToRawIntBits(value));
        }
        return this;
    }

    /// A value of any type from its raw bytes.
    public GgufBytes raw(String name, int type, byte... bytes) {
        start(name, type);
        values.writeBytes(bytes);
        return this;
    }

    /// A tensor at the next aligned place.
    ///
    /// @param shape the contiguous dimension last
    public GgufBytes tensor(String name, GgmlType type, byte[] content, long... shape) {
        while (data.size() % alignment != 0) {
            data.write(0);
        }
        entry(name, type.id(), data.size(), shape);
        data.writeBytes(content);
        return this;
    }

    public GgufBytes tensor(String name, float[] content, long... shape) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * content.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(content);
        return tensor(name, GgmlType.F32, buffer.array(), shape);
    }

    /// A tensor's entry alone, wherever it points.
    public GgufBytes entry(String name, long type, long offset, long... shape) {
        tensorCount++;
        string(tensors, name);
        u32(tensors, shape.length);
        for (int i = shape.length - 1; i >= 0; i--) {
            u64(tensors, shape[i]);
        }
        u32(tensors, type);
        u64(tensors, offset);
        return this;
    }

    public GgufBytes counts(long tensorCount, long valueCount) {
        this.tensorCount = tensorCount;
        this.valueCount = valueCount;
        return this;
    }

    public byte[] bytes() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        u32(file, version);
        u64(file, tensorCount);
        u64(file, valueCount);
        file.writeBytes(values.toByteArray());
        file.writeBytes(tensors.toByteArray());
        while (file.size() % alignment != 0) {
            file.write(0);
        }
        file.writeBytes(data.toByteArray());
        return file.toByteArray();
    }

    private void start(String name, int type) {
        valueCount++;
        string(values, name);
        u32(values, type);
    }

    private void startArray(String name, int type, long size) {
        start(name, 9);
        u32(values, type);
        u64(values, size);
    }

    private static void string(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        u64(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void u32(ByteArrayOutputStream out, long value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) value).array());
    }

    static void u64(ByteArrayOutputStream out, long value) {
        out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }
}
