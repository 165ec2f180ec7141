package dev.heddle.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;

/// Where the repository's test data lies.
public final class Repository {
    private Repository() {
    }

    public static Path root() {
        String property = System.getProperty("heddle.repository");
        Path at = Path.of(property == null ? "" : property).toAbsolutePath();
        while (at != null && !Files.isDirectory(at.resolve("testdata"))) {
            at = at.getParent();
        }
        if (at == null) {
            throw new IllegalStateException("no folder testdata above the working directory");
        }
        return at;
    }

    /// A file or folder below the root.
    public static Path path(String relative) {
        return root().resolve(relative);
    }

    public static Path fixtures() {
        return root().resolve("testdata/fixtures");
    }
}
