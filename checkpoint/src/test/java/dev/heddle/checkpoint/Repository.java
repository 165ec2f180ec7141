package dev.heddle.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;

/// Where the tests find the repository's files.
public final class Repository {
    private Repository() {
    }

    public static Path path(String relative) {
        String root = System.getProperty("heddle.repository");
        Path folder = root != null ? Path.of(root) : Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("testdata"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException("no folder with testdata above " + Path.of("").toAbsolutePath());
            }
        }
        return folder.resolve(relative);
    }
}
