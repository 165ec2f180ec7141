package dev.heddle.engine.serve;

/// The scheduler has as much to do as it may hold; the request should come again later.
public final class Overloaded extends RuntimeException {
    private final int retryAfterSeconds;

    Overloaded(String message, int retryAfterSeconds) {
        super(message);
        this.retryAfterSeconds = retryAfterSeconds;
    }

    /// When it is worth trying again: at least 1.
    public int retryAfterSeconds() {
        return retryAfterSeconds;
    }
}
