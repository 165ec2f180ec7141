package dev.heddle.cli;

/// A command line that makes no sense; exit code 2.
final class UsageException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    UsageException(String message) {
        super(message);
    }
}
