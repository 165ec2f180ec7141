package dev.heddle.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The header of a GGUF file in the making, little-endian.
final class GgufOutput {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

    int size() {
        return out.size();
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    void raw(byte[] bytes) {
        out.writeBytes(bytes);
    }

    void int32(int x) {
        out.write(number.putInt(0, x).array(), 0, 4);
    }

    void int64(long x) {
        out.write(number.putLong(0, x).array(), 0, 8);
    }

    void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int64(bytes.length);
        raw(bytes);
    }

    void value(GgufValue value) {
        switch (value) {
            case GgufValue.Whole(GgufValue.Type type, long x) -> {
                int32(type.id());
                whole(type, x);
            }
            case GgufValue.Real(GgufValue.Type type, double x) -> {
                int32(type.id());
                real(type, x);
            }
            case GgufValue.Flag(boolean x) -> {
                int32(GgufValue.Type.BOOL.id());
                out.write(x ? 1 : 0);
            }
            case GgufValue.Text(String x) -> {
                int32(GgufValue.Type.STRING.id());
                text(x);
            }
            case GgufValue.Wholes(GgufValue.Type type, long[] values) -> {
                array(type, values.length);
                for (long x : values) {
                    whole(type, x);
                }
            }
            case GgufValue.Reals(GgufValue.Type type, double[] values) -> {
                array(type, values.length);
                for (double x : values) {
                    real(type, x);
                }
            }
            case GgufValue.Flags(boolean[] values) -> {
                array(GgufValue.Type.BOOL, values.length);
                for (boolean x : values) {
                    out.write(x ? 1 : 0);
                }
            }
            case GgufValue.Strings(List<String> values) -> {
                array(GgufValue.Type.STRING, values.size());
                values.forEach(this::text);
            }
        }
    }

    private void array(GgufValue.Type elements, int count) {
        int32(GgufValue.Type.ARRAY.id());
        int32(elements.id());
        int64(count);
    }

    private void whole(GgufValue.Type type, long x) {
        out.write(number.putLong(0, x).array(), 0, type.leastBytes());
    }

    private void real(GgufValue.Type type, double x) {
        if (type == GgufValue.Type.FLOAT32) {
            int32(Float.floatToRawIntBits((float) x));
        } else {
            int64(Double.doubleToRawLongBits(x));
        }
    }
}
