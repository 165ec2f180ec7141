package dev.heddle.checkpoint.hub;

import java.io.IOException;
import java.nio.file.Path;

/// A process that holds the lock of one content until its input ends.
final class LockHolder {
    private LockHolder() {
    }

    public static void main(String[] arguments) throws IOException {
        try (HubCache.Lock _ = new HubCache(Path.of(arguments[0]), arguments[1], true).lock(arguments[2])) {
            System.out.print('+');
            System.out.flush();
            System.in.readAllBytes();
        }
    }
}
