package dev.heddle.cli;

import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.parallel.Processors;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/// Options that choose where a model runs.
final class BackendOptions {
    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto",
            description = "auto, vector (Vector API) or plain (reference loops); default ${DEFAULT-VALUE}")
    String backend;

    @Option(names = {"--threads", "-t"}, paramLabel = "N", description = "threads; default the physical cores")
    Integer threads;

    @Option(names = {"--verbose", "-v"}, description = "say what is chosen and why")
    boolean verbose;

    CpuBackend open(PrintWriter err) {
        CpuBackend.Choice choice = switch (backend) {
            case "auto" -> CpuBackend.Choice.BEST;
            case "vector" -> CpuBackend.Choice.VECTOR;
            case "plain" -> CpuBackend.Choice.PLAIN;
            default -> throw new UsageException("--backend must be auto, vector or plain, not " + backend);
        };
        int count = threads == null ? Processors.physical() : threads;
        if (count < 1) {
            throw new UsageException("--threads must be at least 1, not " + count);
        }
        CpuBackend opened = CpuBackend.of(choice, count);
        if (verbose) {
            err.println("heddle: backend " + opened.description());
            err.flush();
        } else if (choice == CpuBackend.Choice.BEST && !CpuBackend.vectorModulePresent()) {
            err.println("heddle: " + opened.description());
            err.flush();
        }
        return opened;
    }
}
