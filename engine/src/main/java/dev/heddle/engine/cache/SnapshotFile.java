package dev.heddle.engine.cache;

import dev.heddle.core.state.RecurrentType;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.DType;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/// A file with what a sequence remembers after some tokens. Keys and values of earlier positions lie in the file of a
/// shorter prefix, so that a conversation is not written again with every turn.
///
/// Little-endian: the text `heddle state 2\n`, 32 bytes that identify the model with the types in
/// which it stores, these types (of keys, values and states: length, ASCII name), the number of tokens N, the length of
/// the shorter prefix or 0, N token ids; the number of recurrent states and of each its length and bytes; the number of
/// attention layers and of each the pages held (count, numbers), keys and values (length, bytes); at last the CRC-32C
/// of all that. Counts, lengths in bytes and ids have 32 bits.
///
/// @param tokens what the sequence has seen
/// @param since  tokens of the prefix that holds the earlier pages; 0 if all are here
/// @param state  recurrent states, and pages from the one on that holds token `since`
record SnapshotFile(int[] tokens, int since, Snapshot state) {
    private static final byte[] MAGIC = "heddle state 2\n".getBytes(StandardCharsets.US_ASCII);
    static final int FINGERPRINT = 32;
    private static final int BUFFER = 1 << 20;

    /// Writes a temporary file beside `file` and then puts it in its place.
    void write(Path file, byte[] fingerprint) throws IOException {
        Path part = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
        try {
            try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
                Writer out = new Writer(channel);
                out.bytes(MAGIC);
                out.bytes(fingerprint);
                out.text(state.types().keys().name());
                out.text(state.types().values().name());
                out.text(state.types().recurrent().name());
                out.number(tokens.length);
                out.number(since);
                out.ints(tokens);
                out.number(state.recurrent().size());
                for (byte[] one : state.recurrent()) {
                    out.counted(one);
                }
                out.number(state.keyValues().size());
                for (Snapshot.Pages pages : state.keyValues()) {
                    out.number(pages.held().length);
                    out.ints(pages.held());
                    out.counted(pages.keys());
                    out.counted(pages.values());
                }
                out.finish();
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /// The tokens of a file's sequence, unchecked but for their number.
    /// @throws IOException if it is no such file or another model's
    static int[] tokens(Path file, byte[] fingerprint) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            Reader in = new Reader(channel);
            header(in, fingerprint);
            int count = in.number();
            in.number();
            return in.ints(count);
        }
    }

    /// Reads a whole file.
    /// @throws IOException if it is damaged, no such file, or another model's
    static SnapshotFile read(Path file, byte[] fingerprint) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            Reader in = new Reader(channel);
            StateTypes types = header(in, fingerprint);
            int count = in.number();
            int since = in.number();
            int[] tokens = in.ints(count);
            List<byte[]> recurrent = new ArrayList<>();
            for (int left = in.number(); left > 0; left--) {
                recurrent.add(in.counted());
            }
            List<Snapshot.Pages> layers = new ArrayList<>();
            for (int left = in.number(); left > 0; left--) {
                int[] held = in.ints(in.number());
                layers.add(new Snapshot.Pages(held, in.counted(), in.counted()));
            }
            in.finish();
            if (since < 0 || since >= count) {
                throw new IOException("it builds on a prefix of " + since + " of its " + count + " tokens");
            }
            return new SnapshotFile(tokens, since, new Snapshot(types, count, recurrent, layers));
        }
    }

    private static StateTypes header(Reader in, byte[] fingerprint) throws IOException {
        if (!Arrays.equals(in.bytes(MAGIC.length), MAGIC)) {
            throw new IOException("it is no file of a kept state");
        }
        if (!Arrays.equals(in.bytes(FINGERPRINT), fingerprint)) {
            throw new IOException("it belongs to another model");
        }
        try {
            return new StateTypes(DType.valueOf(in.text()), DType.valueOf(in.text()), RecurrentType.valueOf(in.text()));
        } catch (IllegalArgumentException e) {
            throw new IOException("it is stored in unknown types (" + e.getMessage() + ")", e);
        }
    }

    /// Numbers into a file, and their checksum.
    private static final class Writer {
        private final FileChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        private final CRC32C checksum = new CRC32C();

        Writer(FileChannel channel) {
            this.channel = channel;
        }

        private void room(int bytes) throws IOException {
            if (buffer.remaining() < bytes) {
                flush(true);
            }
        }

        private void flush(boolean counted) throws IOException {
            buffer.flip();
            if (counted) {
                checksum.update(buffer.duplicate());
            }
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            buffer.clear();
        }

        void bytes(byte[] values) throws IOException {
            room(values.length);
            buffer.put(values);
        }

        void number(int value) throws IOException {
            room(Integer.BYTES);
            buffer.putInt(value);
        }

        void ints(int[] values) throws IOException {
            for (int value : values) {
                number(value);
            }
        }

        void text(String value) throws IOException {
            counted(value.getBytes(StandardCharsets.US_ASCII));
        }

        /// The number of bytes and the bytes.
        void counted(byte[] values) throws IOException {
            number(values.length);
            for (int done = 0; done < values.length;) {
                room(1);
                int count = Math.min(values.length - done, buffer.remaining());
                buffer.put(values, done, count);
                done += count;
            }
        }

        void finish() throws IOException {
            flush(true);
            buffer.putInt((int) checksum.getValue());
            flush(false);
        }
    }

    /// Numbers from a file that may hold anything.
    private static final class Reader {
        private final FileChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN).limit(0);
        private final CRC32C checksum = new CRC32C();
        private long left;

        Reader(FileChannel channel) throws IOException {
            this.channel = channel;
            left = channel.size();
        }

        /// Makes at least `bytes` bytes ready, few enough for the buffer.
        private void need(int bytes) throws IOException {
            if (buffer.remaining() >= bytes) {
                return;
            }
            buffer.compact();
            while (buffer.position() < bytes) {
                if (channel.read(buffer) < 0) {
                    throw new EOFException("it is cut short");
                }
            }
            buffer.flip();
        }

        private void took(int from, int bytes) {
            checksum.update(buffer.duplicate().position(from).limit(from + bytes));
            left -= bytes;
        }

        private void claim(long bytes) throws IOException {
            if (bytes < 0 || bytes > left - Integer.BYTES) {
                throw new EOFException("it is cut short or damaged");
            }
        }

        byte[] bytes(int count) throws IOException {
            claim(count);
            need(count);
            int from = buffer.position();
            byte[] values = new byte[count];
            buffer.get(values);
            took(from, count);
            return values;
        }

        int number() throws IOException {
            claim(Integer.BYTES);
            need(Integer.BYTES);
            int from = buffer.position();
            int value = buffer.getInt();
            took(from, Integer.BYTES);
            return value;
        }

        int[] ints(int count) throws IOException {
            claim((long) Integer.BYTES * Math.max(count, -1));
            int[] values = new int[count];
            for (int i = 0; i < count; i++) {
                values[i] = number();
            }
            return values;
        }

        String text() throws IOException {
            return new String(counted(), StandardCharsets.US_ASCII);
        }

        byte[] counted() throws IOException {
            int count = number();
            claim(count);
            byte[] values = new byte[count];
            for (int done = 0; done < count;) {
                need(1);
                int from = buffer.position();
                int some = Math.min(count - done, buffer.remaining());
                buffer.get(values, done, some);
                took(from, some);
                done += some;
            }
            return values;
        }

        void finish() throws IOException {
            int expected = (int) checksum.getValue();
            need(Integer.BYTES);
            if (left != Integer.BYTES || buffer.getInt() != expected) {
                throw new IOException("its checksum is wrong");
            }
        }
    }
}
