package dev.heddle.engine;

import java.nio.file.Files;
import java.nio.file.Path;

/// Where the repository's test data lies.
public final class TestFiles {
    private TestFiles() {
    }

    public static Path path(String relative) {
        String property = System.getProperty("heddle.repository");
        Path at = Path.of(property == null ? "" : property).toAbsolutePath();
        while (at != null && !Files.isDirectory(at.resolve("testdata"))) {
            at = at.getParent();
        }
        if (at == null) {
            throw new IllegalStateException("no folder testdata above the working directory");
        }
        return at.resolve(relative);
    }

    public static Path bundledModel() {
        return path("models/story-falcon-h1");
    }
}
