package dev.heddle.train.data;

/// A corpus that cannot be used; the message says which and why.
public final class DataException extends RuntimeException {
    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
