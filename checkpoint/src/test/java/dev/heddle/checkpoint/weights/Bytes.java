package dev.heddle.checkpoint.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/// Makes files out of bytes, and bytes out of bytes.
final class Bytes {
    private Bytes() {
    }

    static Path file(Path folder, String name, byte[] bytes) {
        try {
            Path file = folder.resolve(name);
            Files.deleteIfExists(file); // a mapping of the old content stays valid
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A safetensors file with this header and `data` zero bytes.
    static byte[] safetensors(String header, int data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array();
    }

    /// A copy with one to four random changes between `from` and `to`: bits, bytes, numbers, cuts, repeats.
    static byte[] mutate(byte[] original, Random random, int from, int to) {
        byte[] bytes = original.clone();
        for (int change = random.nextInt(1, 5); change > 0 && bytes.length > from + 8; change--) {
            int limit = Math.min(to, bytes.length);
            int at = random.nextInt(from, limit);
            switch (random.nextInt(8)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] = (byte) "0123456789{}[]\",:-eE.(tRu\u0080q".charAt(random.nextInt(27));
                case 3 -> ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(Math.min(at, bytes.length - 8),
                        switch (random.nextInt(4)) {
                            case 0 -> -1;
                            case 1 -> Long.MAX_VALUE;
                            case 2 -> Integer.MAX_VALUE;
                            default -> random.nextLong();
                        });
                case 4 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
                case 5 -> bytes = splice(bytes, at, at, Arrays.copyOfRange(bytes, from, random.nextInt(from, limit)));
                case 6 -> bytes = splice(bytes, at, random.nextInt(at, limit), new byte[0]);
                default -> bytes = splice(bytes, at, at, Arrays.copyOfRange(bytes, at, Math.min(limit, at + random.nextInt(40))));
            }
        }
        return bytes;
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] middle) {
        return ByteBuffer.allocate(from + middle.length + bytes.length - to).put(bytes, 0, from).put(middle)
                .put(bytes, to, bytes.length - to).array();
    }
}
