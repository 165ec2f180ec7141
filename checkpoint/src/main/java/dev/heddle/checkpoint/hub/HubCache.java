package dev.heddle.checkpoint.hub;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/// One repository's folder in the cache, laid out as the Python library `huggingface_hub` does, so that both
/// share what either has downloaded:
///
/// ```
/// models--owner--name/refs/main                     the commit that the branch stood at
/// models--owner--name/blobs/<checksum>              contents
/// models--owner--name/snapshots/<commit>/<path>     links to the contents
/// .locks/models--owner--name/<checksum>.lock        held by the process that downloads it
/// ```
final class HubCache {
    private final Path root;
    private final Path folder;
    private final boolean links;

    /// @param links false on filesystems without symbolic links, where the contents move into the snapshot
    HubCache(Path root, String id, boolean links) {
        this.root = root;
        this.folder = root.resolve(folderName(id));
        this.links = links;
    }

    private static String folderName(String id) {
        return "models--" + id.replace("/", "--");
    }

    Path blob(String tag) {
        return folder.resolve("blobs").resolve(tag);
    }

    Path incomplete(String tag) {
        return folder.resolve("blobs").resolve(tag + ".incomplete");
    }

    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    Path inSnapshot(String commit, String path) {
        Path snapshot = snapshot(commit);
        Path file = snapshot.resolve(path).normalize();
        if (!file.startsWith(snapshot) || file.equals(snapshot)) {
            throw new CheckpointException("the file name \"" + path + "\" leaves the folder " + snapshot);
        }
        return file;
    }

    /// The snapshot folder that `revision` stands for, if it is there.
    Optional<Path> find(String revision) {
        String commit = revision;
        Path ref = folder.resolve("refs").resolve(revision);
        try {
            if (Files.isRegularFile(ref)) {
                commit = Files.readString(ref).strip();
            }
        } catch (IOException e) {
            throw new CheckpointException(ref + ": cannot be read (" + e + ")", e);
        }
        return Repository.isCommit(commit) && Files.isDirectory(snapshot(commit)) ? Optional.of(snapshot(commit))
                : Optional.empty();
    }

    /// Remembers which commit `revision` stands for.
    void writeRef(String revision, String commit) throws IOException {
        if (revision.equals(commit)) {
            return;
        }
        Path ref = folder.resolve("refs").resolve(revision);
        Files.createDirectories(ref.getParent());
        Path temporary = Files.writeString(ref.resolveSibling("." + UUID.randomUUID()), commit);
        replace(temporary, ref);
    }

    /// Lets the snapshot's file `path` be the content called `tag`.
    void link(String commit, String path, String tag) throws IOException {
        Path file = inSnapshot(commit, path);
        Files.createDirectories(file.getParent());
        Path blob = blob(tag);
        if (links) {
            try {
                Files.deleteIfExists(file); // a link whose content is gone
                Files.createSymbolicLink(file, file.getParent().relativize(blob));
                return;
            } catch (FileAlreadyExistsException e) {
                if (Files.exists(file)) {
                    return; // another process was faster
                }
                throw e;
            } catch (UnsupportedOperationException | FileSystemException e) {
                if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    throw e;
                }
            }
        }
        replace(blob, file);
    }

    /// Waits until no other thread or process downloads the content called `tag`.
    Lock lock(String tag) throws IOException {
        Path file = root.resolve(".locks").resolve(folder.getFileName()).resolve(tag + ".lock");
        Files.createDirectories(file.getParent());
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            while (true) {
                try {
                    FileLock lock = channel.tryLock();
                    if (lock != null) {
                        return new Lock(channel);
                    }
                } catch (OverlappingFileLockException e) {
                    // another thread of this process holds it
                }
                Thread.sleep(50);
            }
        } catch (InterruptedException e) {
            channel.close();
            Thread.currentThread().interrupt();
            throw new CheckpointException("interrupted while another download of the same file went on", e);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /// Held while a content is downloaded.
    record Lock(FileChannel channel) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    static void replace(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
