package dev.heddle.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Event files, read back by the format's description: CRC bit by bit, fields one by one.
class EventFileTest {
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_250L), ZoneOffset.UTC);

    @TempDir
    Path folder;

    /// CRC-32C as its definition has it: the remainder by the reversed polynomial 82f63b78.
    private static int crc(byte[] data) {
        int crc = -1;
        for (byte b : data) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82f63b78;
            }
        }
        return ~crc;
    }

    private static int masked(byte[] data) {
        int crc = crc(data);
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static List<byte[]> records(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> records = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertEquals(masked(length), in.getInt(), "checksum of a length");
            byte[] data = new byte[Math.toIntExact(ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong())];
            in.get(data);
            assertEquals(masked(data), in.getInt(), "checksum of a record");
            records.add(data);
        }
        return records;
    }

    private record Event(double time, long step, List<String> facts) {
        static Event of(byte[] bytes) {
            ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            double time = 0;
            long step = 0;
            List<String> facts = new ArrayList<>();
            while (in.hasRemaining()) {
                int key = (int) varint(in);
                switch (key) {
                    case 1 << 3 | 1 -> time = in.getDouble();
                    case 2 << 3 -> step = varint(in);
                    case 3 << 3 | 2 -> facts.add("version " + text(in));
                    case 5 << 3 | 2 -> summary(part(in), facts);
                    case 7 << 3 | 2 -> facts.add("session " + HexFormat.of().formatHex(bytes(part(in))));
                    default -> throw new AssertionError("unknown field " + key);
                }
            }
            return new Event(time, step, facts);
        }

        private static void summary(ByteBuffer in, List<String> facts) {
            while (in.hasRemaining()) {
                assertEquals(1 << 3 | 2, varint(in));
                ByteBuffer value = part(in);
                assertEquals(1 << 3 | 2, varint(value));
                String tag = text(value);
                assertEquals(2 << 3 | 5, varint(value));
                facts.add(tag + " " + value.getFloat());
                assertEquals(0, value.remaining());
            }
        }

        private static long varint(ByteBuffer in) {
            long value = 0;
            for (int shift = 0;; shift += 7) {
                byte next = in.get();
                value |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }

        private static ByteBuffer part(ByteBuffer in) {
            int length = (int) varint(in);
            ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            in.position(in.position() + length);
            return part;
        }

        private static byte[] bytes(ByteBuffer in) {
            byte[] bytes = new byte[in.remaining()];
            in.get(bytes);
            return bytes;
        }

        private static String text(ByteBuffer in) {
            return new String(bytes(part(in)), StandardCharsets.UTF_8);
        }
    }

    private static List<Event> events(Path file) throws IOException {
        List<Event> events = new ArrayList<>();
        records(file).forEach(record -> events.add(Event.of(record)));
        return events;
    }

    @Test
    void theChecksumIsThePublishedOne() {
        assertEquals(0xe3069283, crc("123456789".getBytes(StandardCharsets.US_ASCII)), "check value of CRC-32C (RFC 3720)");
        assertEquals(0x8a9136aa, crc(new byte[32]), "32 zero bytes (RFC 3720, B.4)");
    }

    /// What TensorBoard 2.21's own writer makes of the same two events.
    @Test
    void theBytesAreThoseOfTensorBoardsWriter() throws IOException {
        Path file;
        try (EventFile events = new EventFile(folder, 0, CLOCK)) {
            events.add(300, Map.of("loss", 2.5));
            file = events.file();
        }
        assertEquals("1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9"
                + "1b000000000000001a0d9e130900001040fc54d94110ac022a0d0a0b0a046c6f737315000020407699db8a",
                HexFormat.of().formatHex(Files.readAllBytes(file)));
        assertTrue(file.getFileName().toString().matches("events\\.out\\.tfevents\\.1700000000\\.[A-Za-z0-9.-]+"), file.toString());
    }

    @Test
    void scalarsAreReadBack() throws IOException {
        Path file;
        try (EventFile events = new EventFile(folder, 0, CLOCK)) {
            events.add(1, Map.of("loss", 8.25));
            events.add(300, Map.of("validation_loss", Double.NaN));
            events.add(1L << 40, Map.of("größe/x", -0.1));
            events.add(5, Map.of());
            file = events.file();
        }
        double time = 1_700_000_000.25;
        assertEquals(List.of(new Event(time, 0, List.of("version brain.Event:2")), new Event(time, 1, List.of("loss 8.25")),
                new Event(time, 300, List.of("validation_loss NaN")), new Event(time, 1L << 40, List.of("größe/x -0.1")),
                new Event(time, 5, List.of())), events(file));
    }

    @Test
    void aRunThatGoesOnWritesAnotherFile() throws IOException {
        Path first;
        Path second;
        try (EventFile events = new EventFile(folder, 0, CLOCK)) {
            events.add(12, Map.of("loss", 2.0));
            first = events.file();
        }
        byte[] before = Files.readAllBytes(first);
        try (EventFile events = new EventFile(folder, 11, CLOCK)) {
            events.add(12, Map.of("loss", 2.0));
            second = events.file();
        }
        assertNotEquals(first, second);
        assertEquals(HexFormat.of().formatHex(before), HexFormat.of().formatHex(Files.readAllBytes(first)));
        List<Event> events = events(second);
        assertEquals(List.of("session 0801"), events.get(1).facts(), "status START");
        assertEquals(List.of(0L, 12L, 12L), events.stream().map(Event::step).toList());
    }

    @Test
    void everyEventIsOnDiskAtOnce() throws IOException {
        try (EventFile events = new EventFile(folder, 0, CLOCK)) {
            events.add(1, Map.of("loss", 8.25));
            assertEquals(2, records(events.file()).size());
        }
    }
}
