package dev.heddle.checkpoint.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/// Writes pickles opcode by opcode, and the ZIP archives around them, the bad ones included.
public final class PickleWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public PickleWriter() {
        raw(0x80, 2);
    }

    PickleWriter raw(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    public PickleWriter op(char opcode) {
        return raw(opcode);
    }

    public PickleWriter text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.writeBytes(little(4).putInt(utf8.length).array());
        out.writeBytes(utf8);
        return this;
    }

    PickleWriter number(int number) {
        out.write('J');
        out.writeBytes(little(4).putInt(number).array());
        return this;
    }

    PickleWriter number(long number) {
        raw(0x8a, 8);
        out.writeBytes(little(8).putLong(number).array());
        return this;
    }

    PickleWriter global(String module, String name) {
        out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PickleWriter numbers(long... numbers) {
        op('(');
        for (long number : numbers) {
            number(number);
        }
        return op('t');
    }

    /// A float32 tensor over storage `key`.
    public PickleWriter tensor(String key, long storageElements, long offset, long[] shape, long[] stride) {
        global("torch._utils", "_rebuild_tensor_v2").op('(').op('(').text("storage").global("torch", "FloatStorage").text(key)
                .text("cpu").number(storageElements).op('t').op('Q').number(offset).numbers(shape).numbers(stride);
        return raw(0x89).global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
    }

    public byte[] end() {
        out.write('.');
        return out.toByteArray();
    }

    /// An archive of this pickle with one storage `0` of 64 floats 0, 1, 2, …
    static byte[] archive(byte[] pickle) {
        ByteBuffer floats = little(256);
        for (int i = 0; i < 64; i++) {
            floats.putFloat(i);
        }
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("archive/data.pkl", pickle);
        entries.put("archive/data/0", floats.array());
        return zip(entries, false);
    }

    /// A ZIP archive of stored entries; with `zip64`, every size and place is written the 64-bit way.
    public static byte[] zip(Map<String, byte[]> entries, boolean zip64) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream directory = new ByteArrayOutputStream();
        entries.forEach((name, content) -> {
            byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
            CRC32 crc = new CRC32();
            crc.update(content);
            int header = out.size();
            int small = zip64 ? -1 : content.length;
            out.writeBytes(little(30).putInt(0x04034b50).putShort((short) 20).putShort((short) 0).putShort((short) 0).putInt(0)
                    .putInt((int) crc.getValue()).putInt(small).putInt(small).putShort((short) utf8.length)
                    .putShort((short) 5).array());
            out.writeBytes(utf8);
            out.writeBytes(new byte[] {'F', 'B', 1, 0, 'Z'}); // padding that the directory does not know of
            out.writeBytes(content);
            directory.writeBytes(little(46).putInt(0x02014b50).putShort((short) 20).putShort((short) 20).putShort((short) 0)
                    .putShort((short) 0).putInt(0).putInt((int) crc.getValue()).putInt(small).putInt(small)
                    .putShort((short) utf8.length).putShort((short) (zip64 ? 34 : 0)).putShort((short) 0).putShort((short) 0)
                    .putShort((short) 0).putInt(0).putInt(zip64 ? -1 : header).array());
            directory.writeBytes(utf8);
            if (zip64) {
                directory.writeBytes(little(34).putShort((short) 0x5455).putShort((short) 2).putShort((short) 0)
                        .putShort((short) 1).putShort((short) 24).putLong(content.length).putLong(content.length)
                        .putLong(header).array());
            }
        });
        int start = out.size();
        out.writeBytes(directory.toByteArray());
        int count = entries.size();
        if (zip64) {
            int end64 = out.size();
            out.writeBytes(little(56).putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45).putInt(0).putInt(0)
                    .putLong(count).putLong(count).putLong(directory.size()).putLong(start).array());
            out.writeBytes(little(20).putInt(0x07064b50).putInt(0).putLong(end64).putInt(1).array());
        }
        out.writeBytes(little(22).putInt(0x06054b50).putInt(0).putShort((short) (zip64 ? -1 : count))
                .putShort((short) (zip64 ? -1 : count)).putInt(zip64 ? -1 : directory.size()).putInt(zip64 ? -1 : start)
                .putShort((short) 0).array());
        return out.toByteArray();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
