package dev.heddle.engine.cache;

/// What a prefix cache holds and what it has done.
///
/// @param bytes     in memory
/// @param entries   snapshots in memory
/// @param diskBytes on disk
/// @param hits      prompts that began from a snapshot
/// @param misses    prompts that did not
public record CacheCounters(long bytes, int entries, long diskBytes, long hits, long misses) {
    public static final CacheCounters NONE = new CacheCounters(0, 0, 0, 0, 0);
}
