package dev.heddle.engine.serve;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// What a scheduler may use. Start from [#DEFAULT] and change what matters.
///
/// @param parallel          generations that run at a time
/// @param queue             generations that may wait for a place
/// @param context           positions a sequence may reach; 0 for what the model was made for, and no limit where all its
///                          layers are recurrent or see a sliding window
/// @param memoryBytes       for states, keys and values, and the cache together
/// @param prefillChunk      rows of a prompt that are worked off between two decode steps, at multiples of this many
///                          positions; a multiple of 64
/// @param cacheBytes        of the memory, what the prefix cache may hold at most; 0 for no cache
/// @param cacheFolder       keeps the cache on disk as well
/// @param cacheFolderBytes  what it may hold there
/// @param queueTimeout      how long a generation may wait for a place
/// @param generationTimeout how long one may take from its submission
public record SchedulerOptions(int parallel, int queue, int context, long memoryBytes, int prefillChunk, long cacheBytes,
        Optional<Path> cacheFolder, long cacheFolderBytes, Duration queueTimeout, Duration generationTimeout) {
    /// 16 places, 4 GiB of memory, a quarter of it for the cache, nothing on disk.
    public static final SchedulerOptions DEFAULT = new SchedulerOptions(16, 128, 0, 4L << 30, 256, 1L << 30, Optional.empty(),
            8L << 30, Duration.ofMinutes(5), Duration.ofHours(1));

    public SchedulerOptions {
        check("parallel", parallel, parallel >= 1, "1 or more");
        check("queue", queue, queue >= 0, "0 or more");
        check("context", context, context >= 0, "0 or more");
        check("memory bytes", memoryBytes, memoryBytes >= 1, "1 or more");
        check("prefill chunk", prefillChunk, prefillChunk >= 64 && prefillChunk % 64 == 0, "a multiple of 64");
        check("cache bytes", cacheBytes, cacheBytes >= 0, "0 or more");
        check("cache folder bytes", cacheFolderBytes, cacheFolderBytes >= 0, "0 or more");
        check("queue timeout", queueTimeout, queueTimeout.isPositive(), "positive");
        check("generation timeout", generationTimeout, generationTimeout.isPositive(), "positive");
    }

    private static void check(String what, Object value, boolean valid, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(what + " must be " + expected + ", not " + value);
        }
    }

    public SchedulerOptions withParallel(int generations) {
        return new SchedulerOptions(generations, queue, context, memoryBytes, prefillChunk, cacheBytes, cacheFolder,
                cacheFolderBytes, queueTimeout, generationTimeout);
    }

    public SchedulerOptions withQueue(int generations) {
        return new SchedulerOptions(parallel, generations, context, memoryBytes, prefillChunk, cacheBytes, cacheFolder,
                cacheFolderBytes, queueTimeout, generationTimeout);
    }

    public SchedulerOptions withContext(int positions) {
        return new SchedulerOptions(parallel, queue, positions, memoryBytes, prefillChunk, cacheBytes, cacheFolder,
                cacheFolderBytes, queueTimeout, generationTimeout);
    }

    public SchedulerOptions withMemoryBytes(long bytes) {
        return new SchedulerOptions(parallel, queue, context, bytes, prefillChunk, cacheBytes, cacheFolder,
                cacheFolderBytes, queueTimeout, generationTimeout);
    }

    public SchedulerOptions withPrefillChunk(int rows) {
        return new SchedulerOptions(parallel, queue, context, memoryBytes, rows, cacheBytes, cacheFolder,
                cacheFolderBytes, queueTimeout, generationTimeout);
    }

    public SchedulerOptions withCacheBytes(long bytes) {
        return new SchedulerOptions(parallel, queue, context, memoryBytes, prefillChunk, bytes, cacheFolder,
                cacheFolderBytes, queueTimeout, generationTimeout);
    }

    /// Keeps the cache in `folder` as well, with at most `bytes` there.
    public SchedulerOptions withCacheFolder(Path folder, long bytes) {
        return new SchedulerOptions(parallel, queue, context, memoryBytes, prefillChunk, cacheBytes, Optional.of(folder),
                bytes, queueTimeout, generationTimeout);
    }

    public SchedulerOptions withTimeouts(Duration waiting, Duration whole) {
        return new SchedulerOptions(parallel, queue, context, memoryBytes, prefillChunk, cacheBytes, cacheFolder,
                cacheFolderBytes, waiting, whole);
    }
}
