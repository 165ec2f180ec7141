package dev.heddle.engine.serve;

import dev.heddle.engine.cache.CacheCounters;
import java.util.EnumMap;
import java.util.Map;

/// What a scheduler has done. Guarded by its lock.
final class Tally {
    private final Map<Finish, Long> ends = new EnumMap<>(Finish.class);
    long promptTokens;
    long cachedTokens;
    long prefillTokens;
    long generatedTokens;
    long steps;
    long decodeRows;
    long prefillNanos;
    long decodeNanos;
    long samplingNanos;
    long rejected;
    /// A moving average of how long generations take.
    private double seconds = 1;

    void end(Finish finish, double duration) {
        ends.merge(finish, 1L, Long::sum);
        seconds += (duration - seconds) / 8;
    }

    double seconds() {
        return seconds;
    }

    private long count(Finish finish) {
        return ends.getOrDefault(finish, 0L);
    }

    SchedulerCounters counters(int places, int running, int waiting, long memoryLimit, long reserved, long stateBytes,
            CacheCounters cache) {
        return new SchedulerCounters(places, running, waiting, memoryLimit, reserved, stateBytes, cache.bytes(), cache.entries(),
                cache.diskBytes(), cache.hits(), cache.misses(), promptTokens, cachedTokens, prefillTokens, generatedTokens, steps,
                decodeRows, prefillNanos * 1e-9, decodeNanos * 1e-9, samplingNanos * 1e-9,
                count(Finish.STOP) + count(Finish.LENGTH) + count(Finish.CONTEXT), count(Finish.CANCELLED),
                count(Finish.TIMEOUT), count(Finish.FAILED), rejected);
    }
}
