package dev.heddle.checkpoint.hub;

import dev.heddle.checkpoint.CheckpointException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Brings one file's content into the cache: what is already there is kept, the rest is asked for, the whole is
/// checked, and only then does it get its name.
final class Download {
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    private final HubConnection connection;
    private final Duration stall;
    private final Meter meter;
    private final Repository repository;
    private final String path;
    private final String tag;
    private final long size;
    private final Path blob;
    private final Path incomplete;

    Download(HubConnection connection, HubSettings settings, Meter meter, Repository repository, HubCache cache, String path,
            String tag, long size) {
        this.connection = connection;
        this.stall = settings.stall();
        this.meter = meter;
        this.repository = repository;
        this.path = path;
        this.tag = tag;
        this.size = size;
        this.blob = cache.blob(tag);
        this.incomplete = cache.incomplete(tag);
    }

    /// Runs until the content is there. The caller holds the content's lock.
    void run() {
        boolean fresh = false;
        for (int failures = 0;;) {
            long before = there();
            fresh |= before == 0;
            try {
                Optional<Checksum> checksum = transfer(before);
                Optional<String> mismatch = checksum.flatMap(Checksum::mismatch);
                if (mismatch.isEmpty()) {
                    putInPlace();
                    return;
                }
                Files.deleteIfExists(incomplete);
                if (fresh) {
                    throw new CheckpointException(where() + ": what was downloaded is damaged: " + mismatch.get()
                            + "; it was discarded, download it again");
                }
                // the part from an earlier run may be the damaged one: once more from the start
            } catch (LocalFailure e) {
                throw e.explain(where(), size - there(), incomplete);
            } catch (IOException e) {
                failures = there() > before ? 1 : failures + 1;
                connection.pause(where(), failures, e);
            }
        }
    }

    private void putInPlace() throws LocalFailure {
        try {
            HubCache.replace(incomplete, blob);
        } catch (IOException e) {
            throw new LocalFailure(e);
        }
    }

    /// Fetches what lies behind the first `before` bytes.
    private Optional<Checksum> transfer(long before) throws IOException {
        Optional<Checksum> checksum = Checksum.of(tag, size);
        if (before == size && size > 0) {
            hashPart(checksum);
            return checksum;
        }
        HttpResponse<InputStream> answer = connection.download(repository.id(), repository.commit(), path, before);
        try (InputStream body = answer.body()) {
            if (answer.statusCode() == 416) {
                Files.deleteIfExists(incomplete);
                throw new IOException("the server does not know byte " + before + " of " + size);
            }
            boolean rest = answer.statusCode() == 206;
            if (rest) {
                checkRange(answer, before);
                hashPart(checksum);
            }
            write(body, rest && before > 0, rest ? before : 0, checksum);
        }
        return checksum;
    }

    private void checkRange(HttpResponse<?> answer, long before) throws IOException {
        String header = answer.headers().firstValue("Content-Range").orElse("");
        Matcher range = CONTENT_RANGE.matcher(header);
        if (!range.matches() || Long.parseLong(range.group(1)) != before
                || !range.group(3).equals("*") && Long.parseLong(range.group(3)) != size) {
            throw new IOException("the server sent the range \"" + header + "\", expected bytes " + before + " to " + size);
        }
    }

    private void hashPart(Optional<Checksum> checksum) throws IOException {
        if (checksum.isPresent() && Files.exists(incomplete)) {
            try {
                checksum.get().update(incomplete);
            } catch (IOException e) {
                throw new LocalFailure(e);
            }
        }
    }

    private void write(InputStream body, boolean append, long before, Optional<Checksum> checksum) throws IOException {
        long there = before;
        try (OutputStream out = openPart(append); Watch watch = new Watch(body)) {
            byte[] buffer = new byte[1 << 18];
            for (int n = watch.read(buffer); n >= 0; n = watch.read(buffer)) {
                if (n > size - there) {
                    Files.deleteIfExists(incomplete);
                    throw new CheckpointException(where() + ": the server sends more than the " + size + " bytes it announced");
                }
                try {
                    out.write(buffer, 0, n);
                } catch (IOException e) {
                    throw new LocalFailure(e);
                }
                int read = n;
                checksum.ifPresent(sum -> sum.update(buffer, read));
                there += n;
                meter.received(path, n, there, size);
            }
        }
        if (there < size) {
            throw new IOException("the connection ended after " + there + " of " + size + " bytes");
        }
    }

    private OutputStream openPart(boolean append) throws LocalFailure {
        try {
            Files.createDirectories(incomplete.getParent());
            return Files.newOutputStream(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    append ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING);
        } catch (IOException e) {
            throw new LocalFailure(e);
        }
    }

    private long there() {
        try {
            long there = Files.exists(incomplete) ? Files.size(incomplete) : 0;
            if (there > size) {
                Files.delete(incomplete);
                return 0;
            }
            return there;
        } catch (IOException e) {
            throw new CheckpointException(incomplete + ": cannot be read (" + e + ")", e);
        }
    }

    private String where() {
        return repository.id() + "/" + path;
    }

    /// The disk, not the network.
    private static final class LocalFailure extends IOException {
        private static final long serialVersionUID = 1;

        LocalFailure(IOException cause) {
            super(cause);
        }

        CheckpointException explain(String where, long missing, Path file) {
            String why = getCause() instanceof FileNotFoundException ? "" : " (" + getCause() + ")";
            try {
                long free = Files.getFileStore(file.getParent()).getUsableSpace();
                if (free < missing) {
                    return new CheckpointException(where + ": the disk of " + file.getParent() + " is full: " + missing
                            + " bytes are missing, " + free + " are free; make room, or set HF_HUB_CACHE to a folder on another disk,"
                            + " and run it again to go on where it stopped", this);
                }
            } catch (IOException e) {
                addSuppressed(e);
            }
            return new CheckpointException(where + ": " + file + " cannot be written" + why, this);
        }
    }

    /// Reads a body, and closes it when no byte has come for too long: the JDK's client never gives up by itself.
    private final class Watch implements AutoCloseable {
        private final InputStream body;
        private final AtomicLong lastRead = new AtomicLong(System.nanoTime());
        private final Thread watcher;
        private volatile boolean stalled;

        Watch(InputStream body) {
            this.body = body;
            this.watcher = Thread.ofVirtual().start(this::watch);
        }

        int read(byte[] buffer) throws IOException {
            try {
                int n = body.read(buffer);
                if (n < 0 && stalled) {
                    throw new IOException("closed");
                }
                lastRead.set(System.nanoTime());
                return n;
            } catch (IOException e) {
                throw stalled ? new IOException("no byte came for " + stall.toSeconds() + " s", e) : e;
            }
        }

        private void watch() {
            try {
                while (true) {
                    long left = stall.toNanos() - (System.nanoTime() - lastRead.get());
                    if (left <= 0) {
                        stalled = true;
                        body.close();
                        return;
                    }
                    Thread.sleep(Duration.ofNanos(left));
                }
            } catch (InterruptedException | IOException e) {
                // the body was read to its end, or is closed already
            }
        }

        @Override
        public void close() {
            watcher.interrupt();
        }
    }
}
