package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file that a command will write: looked at before the work begins, so that no hours are lost to a wrong name.
final class OutputFile {
    private OutputFile() {
    }

    /// @throws CheckpointException if `file` cannot become or replace a regular file
    static void require(Path file) {
        if (Files.isDirectory(file)) {
            throw new CheckpointException(file + ": is a folder, expected a file to write");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new CheckpointException(file + ": is no regular file and will not be replaced");
        }
        Path folder = file.toAbsolutePath().normalize().getParent();
        while (folder != null && !Files.exists(folder)) {
            folder = folder.getParent();
        }
        if (folder == null || !Files.isDirectory(folder)) {
            throw new CheckpointException(file + ": cannot be written, " + folder + " is no folder");
        }
        if (!Files.isWritable(folder)) {
            throw new CheckpointException(file + ": cannot be written, the folder " + folder + " is not writable by this user");
        }
    }
}
