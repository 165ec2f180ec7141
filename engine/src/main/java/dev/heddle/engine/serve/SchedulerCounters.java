package dev.heddle.engine.serve;

/// Where a scheduler stands, and what it has done since it began.
///
/// @param places          generations that may run at a time
/// @param running         generations that have a place
/// @param waiting         generations that wait for one
/// @param memoryLimit     bytes that states, keys and values and the cache may take together
/// @param reservedBytes   what running generations may come to need, all told
/// @param stateBytes      recurrent states, keys and values of running generations now
/// @param cacheBytes      what the prefix cache holds in memory
/// @param cacheEntries    snapshots it holds
/// @param cacheDiskBytes  what it holds on disk
/// @param cacheHits       generations that began from a snapshot
/// @param cacheMisses     generations that asked the cache in vain
/// @param promptTokens    tokens of all prompts that got a place
/// @param cachedTokens    those of them that the cache spared
/// @param prefillTokens   tokens of prompts that were computed
/// @param generatedTokens tokens of answers
/// @param steps           passes through the model
/// @param decodeRows      rows of those passes that continued an answer
/// @param prefillSeconds  in passes with rows of prompts
/// @param decodeSeconds   in passes without
/// @param samplingSeconds choosing tokens
/// @param finished        generations that ended with [Finish#STOP], [Finish#LENGTH] or [Finish#CONTEXT]
/// @param cancelled       generations that were cancelled
/// @param timedOut        generations that took too long
/// @param failed          generations that failed
/// @param rejected        requests refused with [Overloaded]
public record SchedulerCounters(int places, int running, int waiting, long memoryLimit, long reservedBytes, long stateBytes,
        long cacheBytes, int cacheEntries, long cacheDiskBytes, long cacheHits, long cacheMisses, long promptTokens,
        long cachedTokens, long prefillTokens, long generatedTokens, long steps, long decodeRows, double prefillSeconds,
        double decodeSeconds, double samplingSeconds, long finished, long cancelled, long timedOut, long failed,
        long rejected) {
}
