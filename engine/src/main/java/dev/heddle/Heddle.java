package dev.heddle;

import dev.heddle.engine.serve.SchedulerOptions;
import java.nio.file.Path;

/// Where a program begins: `try (HeddleModel model = Heddle.load(Path.of("falcon-h1-0.5b"))) { … }`.
public final class Heddle {
    private Heddle() {
    }

    /// The model in a folder or weight file, on the processor.
    ///
    /// @throws dev.heddle.checkpoint.CheckpointException if something is missing, damaged or unknown
    public static HeddleModel load(Path fileOrFolder) {
        return load(fileOrFolder, SchedulerOptions.DEFAULT);
    }

    /// @param options how many answers may be under way at a time, and what memory they may take
    public static HeddleModel load(Path fileOrFolder, SchedulerOptions options) {
        return new HeddleModel(fileOrFolder, options);
    }
}
