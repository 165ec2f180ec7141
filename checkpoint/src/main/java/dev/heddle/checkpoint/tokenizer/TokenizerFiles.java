package dev.heddle.checkpoint.tokenizer;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The files that belong to a tokenizer.
public final class TokenizerFiles {
    private static final Pattern BESIDE = Pattern.compile("(tokenizer_config|special_tokens_map|added_tokens|generation_config)\\.json|chat_template\\.jinja");

    private TokenizerFiles() {
    }

    /// Copies a tokenizer's file and the settings beside it into `folder`. What is there already stays.
    /// @throws CheckpointException if a file cannot be read or written
    public static void copy(Path tokenizerFile, Path folder) {
        Path file = tokenizerFile.toAbsolutePath();
        try (Stream<Path> beside = Files.list(file.getParent())) {
            for (Path each : beside.toList()) {
                Path target = folder.resolve(each.getFileName().toString());
                if ((each.equals(file) || BESIDE.matcher(each.getFileName().toString()).matches()) && !Files.exists(target)) {
                    Files.copy(each, target);
                }
            }
        } catch (IOException e) {
            throw new CheckpointException(folder + ": the tokenizer of " + file + " cannot be copied (" + e.getMessage() + ")", e);
        }
    }
}
