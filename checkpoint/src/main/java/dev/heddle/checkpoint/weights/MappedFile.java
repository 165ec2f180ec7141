package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.HugePages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A whole file in memory, read-only; unmapped once nothing refers to its segment.
public record MappedFile(Path path, MemorySegment bytes) {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Maps `path`, which must hold at least `least` bytes and no stand-in for the real file.
    public static MappedFile open(Path path, long least) {
        if (Files.isDirectory(path)) {
            throw new CheckpointException(path + ": is a folder, expected a file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < least) {
                throw new CheckpointException(path + ": the file has " + size + " bytes, expected at least " + least);
            }
            MappedFile file = new MappedFile(path, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto()));
            file.refuseStandIn();
            HugePages.advise(file.bytes);
            return file;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(path + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new CheckpointException(path + ": not readable by this user", e);
        } catch (IOException e) {
            throw new CheckpointException(path + ": cannot be read (" + e + ")", e);
        }
    }

    public long size() {
        return bytes.byteSize();
    }

    public int u8(long at) {
        return bytes.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    public int u16(long at) {
        return bytes.get(SHORT, at) & 0xffff;
    }

    public long u32(long at) {
        return bytes.get(INT, at) & 0xffff_ffffL;
    }

    public long i64(long at) {
        return bytes.get(LONG, at);
    }

    public byte[] copy(long at, int length) {
        return bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
    }

    public boolean startsWith(String ascii) {
        byte[] expected = ascii.getBytes(StandardCharsets.US_ASCII);
        return size() >= expected.length
                && MemorySegment.mismatch(bytes, 0, expected.length, MemorySegment.ofArray(expected), 0, expected.length) < 0;
    }

    public CheckpointException error(String message) {
        return new CheckpointException(path + ": " + message);
    }

    private void refuseStandIn() {
        if (startsWith("version https://git-lfs")) {
            throw error("this is a Git LFS pointer, not the file itself; run 'git lfs pull' in its folder");
        }
        if (startsWith("<!DOCTYPE") || startsWith("<html")) {
            throw error("this is a web page, not a weight file; download it again");
        }
    }
}
