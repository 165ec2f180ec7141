package dev.heddle.server.api;

import java.util.concurrent.ThreadLocalRandom;

/// Names of answers and calls.
final class Ids {
    private Ids() {
    }

    static String next(String prefix) {
        return prefix + String.format("%016x%08x", ThreadLocalRandom.current().nextLong(), ThreadLocalRandom.current().nextInt());
    }
}
