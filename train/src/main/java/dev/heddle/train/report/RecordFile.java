package dev.heddle.train.report;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// TensorFlow's record format (`tensorflow/core/lib/io/record_writer.h`). A record is
///
/// ```
/// uint64 length   uint32 masked(crc(length))   byte data[length]   uint32 masked(crc(data))
/// ```
///
/// little-endian, with the Castagnoli CRC of the bytes and `masked(c) = (c >>> 15 | c << 17) + 0xa282ead8`, so that the
/// CRC of data that holds CRCs stays useful.
final class RecordFile implements AutoCloseable {
    private static final int MASK = 0xa282ead8;

    private final OutputStream out;

    /// A new file; one that exists is an error.
    RecordFile(Path file) throws IOException {
        out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /// Appends a record at once.
    void add(byte[] data) throws IOException {
        byte[] length = little(Long.BYTES).putLong(data.length).array();
        out.write(length);
        out.write(little(Integer.BYTES).putInt(masked(length)).array());
        out.write(data);
        out.write(little(Integer.BYTES).putInt(masked(data)).array());
        out.flush();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int masked(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
