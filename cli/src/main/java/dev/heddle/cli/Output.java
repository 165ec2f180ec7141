package dev.heddle.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/// Standard output as UTF-8, for text that streams.
final class Output {
    private Output() {
    }

    static PrintWriter utf8() {
        return new PrintWriter(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    }

    /// Whether a person is watching: both ends are a terminal.
    static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }
}
