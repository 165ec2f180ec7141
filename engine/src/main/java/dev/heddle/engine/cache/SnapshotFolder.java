package dev.heddle.engine.cache;

import dev.heddle.core.state.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Kept states on disk, a [SnapshotFile] each, of all models that use the folder, together no larger than a limit: the
/// least recently used go first. One thread writes them, so that nobody waits for the disk. A file that is damaged is
/// passed over with a warning.
public final class SnapshotFolder implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("dev.heddle");
    private static final String SUFFIX = ".state";
    /// States that may wait to be written.
    private static final int WAITING = 4;
    private static final long ABANDONED_SECONDS = 3600;

    private record Order(Path file, Optional<SnapshotFile> contents) {
    }

    private final Path folder;
    private final long limit;
    private final byte[] fingerprint;
    /// Sizes by file name, the least recently used first.
    private final Map<String, Long> sizes = new LinkedHashMap<>();
    private final BlockingQueue<Order> orders = new LinkedBlockingQueue<>();
    private final Thread writer;
    private long bytes;

    /// Opens the folder, made if need be.
    ///
    /// @param limit       bytes it may hold
    /// @param fingerprint 32 bytes that differ between models
    /// @throws IOException if it cannot be read or made
    public SnapshotFolder(Path folder, long limit, byte[] fingerprint) throws IOException {
        if (fingerprint.length != SnapshotFile.FINGERPRINT) {
            throw new IllegalArgumentException("a fingerprint has " + SnapshotFile.FINGERPRINT + " bytes, not " + fingerprint.length);
        }
        this.folder = Files.createDirectories(folder);
        this.limit = limit;
        this.fingerprint = fingerprint.clone();
        record Found(String name, long size, FileTime used) {
        }
        List<Found> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                FileTime used = Files.getLastModifiedTime(file);
                if (name.endsWith(SUFFIX)) {
                    found.add(new Found(name, Files.size(file), used));
                } else if (name.endsWith(".part") && used.toInstant().isBefore(Instant.now().minusSeconds(ABANDONED_SECONDS))) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException e) {
            LOG.log(System.Logger.Level.DEBUG, "{0} went away while the folder was read", e.getFile());
        }
        found.sort(Comparator.comparing(Found::used));
        for (Found one : found) {
            sizes.put(one.name(), one.size());
            bytes += one.size();
        }
        writer = Thread.ofPlatform().name("heddle-cache-writer").daemon().start(this::work);
    }

    /// The tokens of all states of this model.
    public List<int[]> prefixes() {
        List<int[]> prefixes = new ArrayList<>();
        String own = model();
        List<String> names;
        synchronized (this) {
            names = sizes.keySet().stream().filter(name -> name.startsWith(own)).toList();
        }
        for (String name : names) {
            try {
                prefixes.add(SnapshotFile.tokens(folder.resolve(name), fingerprint));
            } catch (IOException e) {
                discard(name, e.getMessage());
            }
        }
        return prefixes;
    }

    /// What a sequence remembers after the first `length` of `tokens`, put together from its file and those it builds on;
    /// empty if one of them is gone or damaged.
    Optional<Snapshot> read(int[] tokens, int length) {
        Deque<SnapshotFile> chain = new ArrayDeque<>();
        int end = length;
        do {
            String name = name(tokens, end);
            try {
                SnapshotFile file = SnapshotFile.read(folder.resolve(name), fingerprint);
                if (Arrays.mismatch(file.tokens(), Arrays.copyOf(tokens, end)) >= 0) {
                    throw new IOException("it holds other tokens than its name says");
                }
                chain.add(file);
                end = file.since();
            } catch (IOException e) {
                if (e instanceof NoSuchFileException) {
                    forget(name);
                } else {
                    discard(name, e.getMessage());
                }
                if (end < length) {
                    discard(tokens, length, "it builds on " + name + ", which is gone");
                }
                return Optional.empty();
            }
        } while (end > 0);
        return Optional.of(merged(chain));
    }

    /// The states of the first file, with the pages it lacks from the nearest file that has them.
    private static Snapshot merged(Deque<SnapshotFile> chain) {
        Snapshot newest = chain.getFirst().state();
        List<Snapshot.Pages> layers = new ArrayList<>();
        for (int layer = 0; layer < newest.keyValues().size(); layer++) {
            int id = layer;
            layers.add(merged(chain.stream().map(file -> file.state().keyValues().get(id)).toList()));
        }
        return new Snapshot(newest.types(), newest.position(), newest.recurrent(), layers);
    }

    private static Snapshot.Pages merged(List<Snapshot.Pages> parts) {
        record Place(Snapshot.Pages pages, int index) {
        }
        TreeMap<Integer, Place> places = new TreeMap<>();
        for (Snapshot.Pages part : parts) {
            for (int i = 0; i < part.held().length; i++) {
                places.putIfAbsent(part.held()[i], new Place(part, i));
            }
        }
        if (places.isEmpty()) {
            return parts.getFirst();
        }
        Snapshot.Pages any = places.firstEntry().getValue().pages();
        int keys = any.keys().length / any.held().length;
        int values = any.values().length / any.held().length;
        Snapshot.Pages all = new Snapshot.Pages(places.keySet().stream().mapToInt(Integer::intValue).toArray(),
                new byte[Math.multiplyExact(places.size(), keys)], new byte[Math.multiplyExact(places.size(), values)]);
        int at = 0;
        for (Place place : places.values()) {
            System.arraycopy(place.pages().keys(), place.index() * keys, all.keys(), at * keys, keys);
            System.arraycopy(place.pages().values(), place.index() * values, all.values(), at * values, values);
            at++;
        }
        return all;
    }

    /// Writes what a sequence remembers after the first `length` of `tokens`, soon. Returns whether it will; if too much
    /// waits to be written already, it does not.
    ///
    /// @param since a prefix that is on disk and has the earlier pages, or 0
    /// @param state asked for at once, if at all
    boolean write(int[] tokens, int length, int since, Supplier<Snapshot> state) {
        if (orders.size() >= WAITING) {
            return false;
        }
        orders.add(new Order(folder.resolve(name(tokens, length)),
                Optional.of(new SnapshotFile(Arrays.copyOf(tokens, length), since, state.get()))));
        return true;
    }

    private void work() {
        try {
            for (Order order = orders.take(); order.contents().isPresent(); order = orders.take()) {
                try {
                    order.contents().get().write(order.file(), fingerprint);
                    added(order.file());
                } catch (IOException e) {
                    LOG.log(System.Logger.Level.WARNING, "heddle: {0} cannot be written: {1}", order.file(), e.getMessage());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void added(Path file) throws IOException {
        String name = file.getFileName().toString();
        forget(name);
        sizes.put(name, Files.size(file));
        bytes += sizes.get(name);
        while (bytes > limit) {
            String oldest = sizes.keySet().iterator().next();
            Files.deleteIfExists(folder.resolve(oldest));
            forget(oldest);
        }
    }

    private synchronized void forget(String name) {
        Long size = sizes.remove(name);
        if (size != null) {
            bytes -= size;
        }
    }

    /// Whether there is, or will soon be, a state after `tokens`.
    synchronized boolean has(int[] tokens) {
        String name = name(tokens, tokens.length);
        return sizes.containsKey(name) || orders.stream().anyMatch(order -> order.file().endsWith(name));
    }

    /// Notes that the state after `tokens` has been used.
    synchronized void touch(int[] tokens) {
        String name = name(tokens, tokens.length);
        Long size = sizes.remove(name);
        if (size != null) {
            sizes.put(name, size);
            try {
                Files.setLastModifiedTime(folder.resolve(name), FileTime.from(Instant.now()));
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "{0} is used, which cannot be noted: {1}", name, e.getMessage());
            }
        }
    }

    /// Deletes a file that is of no use.
    void discard(int[] tokens, int length, String why) {
        discard(name(tokens, length), why);
    }

    private void discard(String name, String why) {
        LOG.log(System.Logger.Level.WARNING, "heddle: {0} is passed over: {1}", folder.resolve(name), why);
        try {
            Files.deleteIfExists(folder.resolve(name));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "heddle: {0} cannot be deleted: {1}", folder.resolve(name), e.getMessage());
        }
        forget(name);
    }

    /// Bytes of all files.
    public synchronized long bytes() {
        return bytes;
    }

    private String model() {
        return HexFormat.of().formatHex(fingerprint, 0, 8) + "-";
    }

    private String name(int[] tokens, int length) {
        ByteBuffer data = ByteBuffer.allocate(length * Integer.BYTES);
        data.asIntBuffer().put(tokens, 0, length);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(data.array());
            return model() + HexFormat.of().formatHex(digest, 0, 16) + SUFFIX;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// Writes what waits to be written and ends the thread.
    @Override
    public void close() {
        orders.add(new Order(folder, Optional.empty()));
        boolean interrupted = false;
        while (writer.isAlive()) {
            try {
                writer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
