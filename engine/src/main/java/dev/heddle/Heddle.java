package dev.heddle;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.StateTypes;
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
        return load(fileOrFolder, options, StateTypes.EXACT);
    }

    /// @param types how keys, values and recurrent states are stored; smaller types leave room for more or longer answers
    public static HeddleModel load(Path fileOrFolder, SchedulerOptions options, StateTypes types) {
        Checkpoint checkpoint = Checkpoint.open(fileOrFolder);
        CpuBackend backend;
        try {
            backend = CpuBackend.best();
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
        return open(checkpoint, backend, options, types);
    }

    /// The model of a checkpoint, which may have an adapter, on a device. Both are the model's from now on and closed with
    /// it, also if this fails.
    public static HeddleModel open(Checkpoint checkpoint, Backend backend, SchedulerOptions options) {
        return open(checkpoint, backend, options, StateTypes.EXACT);
    }

    /// The same, with keys, values and recurrent states stored in these types.
    public static HeddleModel open(Checkpoint checkpoint, Backend backend, SchedulerOptions options, StateTypes types) {
        return new HeddleModel(checkpoint, backend, options, types);
    }
}
