package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.spec.SpecException;
import dev.heddle.train.TrainingException;
import dev.heddle.train.data.DataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/// What went wrong, in one line for the user.
final class Failure {
    private Failure() {
    }

    static String line(Throwable thrown) {
        String text = switch (thrown) {
            case CheckpointException e -> e.getMessage();
            case SpecException e -> e.getMessage();
            case TrainingException e -> e.getMessage();
            case DataException e -> e.getMessage();
            case UncheckedIOException e -> line(e.getCause());
            case NoSuchFileException e -> e.getFile() + ": no such file";
            case AccessDeniedException e -> e.getFile() + ": not permitted";
            case FileSystemException e -> e.getFile() + ": " + (e.getReason() == null ? e.getClass().getSimpleName() : e.getReason());
            case IllegalArgumentException e when e.getMessage() != null -> e.getMessage();
            case IllegalStateException e when e.getMessage() != null -> e.getMessage();
            case OutOfMemoryError e -> "not enough memory (" + e.getMessage() + "); HEDDLE_JAVA_OPTS=-Xmx8g gives Java more";
            case StackOverflowError _ -> "the input is nested too deeply";
            case IOException e -> named(e);
            default -> "internal error: " + named(thrown) + "; HEDDLE_TRACE=1 shows where";
        };
        // file names and configurations of strangers must not drive the terminal
        return text.strip().replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "\uFFFD");
    }

    private static String named(Throwable thrown) {
        return thrown.getClass().getSimpleName() + (thrown.getMessage() == null ? "" : ": " + thrown.getMessage());
    }
}
