package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// A file that comes into being whole or not at all: until [#commit] its bytes lie in a temporary file beside it. Closing
/// without a commit discards them, and so does the end of the program.
public final class NewFile implements AutoCloseable {
    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private boolean committed;

    private NewFile(Path target, Path temporary, FileChannel channel) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
    }

    /// Begins `target`, with the bytes of `header`; folders that are missing are made.
    /// @throws CheckpointException if the folder cannot be written
    public static NewFile begin(Path target, ByteBuffer header) {
        NewFile file;
        try {
            Path folder = target.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            Path temporary = folder.resolve("." + target.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".tmp");
            file = new NewFile(target, temporary, FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
            temporary.toFile().deleteOnExit();
        } catch (IOException e) {
            throw failure(target, e);
        }
        try {
            file.write(header, 0);
            return file;
        } catch (CheckpointException e) {
            file.close();
            throw e;
        }
    }

    /// Writes bytes at a place of their own.
    /// @throws CheckpointException if they cannot be written
    public void write(ByteBuffer bytes, long at) {
        try {
            long position = at;
            while (bytes.hasRemaining()) {
                position += channel.write(bytes, position);
            }
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /// Fills the file with zeros up to this length.
    public void extend(long length) {
        try {
            if (channel.size() < length) {
                write(ByteBuffer.allocate(1), length - 1);
            }
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /// Puts the finished file in place.
    /// @throws CheckpointException if the file cannot be written
    public void commit() {
        try {
            channel.force(true);
            channel.close();
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            }
            committed = true;
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            if (!committed) {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    private static CheckpointException failure(Path target, IOException e) {
        return new CheckpointException(target + ": cannot be written: " + e.getMessage(), e);
    }
}
