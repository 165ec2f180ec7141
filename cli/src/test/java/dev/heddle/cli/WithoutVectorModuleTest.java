package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.backend.CpuBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program that was not started with `--add-modules jdk.incubator.vector` gets the plain kernels and is told once.
class WithoutVectorModuleTest {
    @TempDir
    Path folder;

    private CommandLineRun java(Class<?> main, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED", "-Dheddle.repository=" + System.getProperty("heddle.repository"),
                "-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        process.getOutputStream().close();
        int code = process.waitFor();
        return new CommandLineRun(code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
    }

    @Test
    void theCommandLineRunsWithPlainKernels() throws Exception {
        CommandLineRun run = java(Heddle.class, "run", "Once upon a time there was a little", "-n", "4", "--greedy");
        assertEquals(0, run.code(), run.err());
        assertEquals(" girl who had been", run.out().stripTrailing());
        assertEquals(1, run.errors().size(), run.err());
        assertTrue(run.errors().getFirst().contains("--add-modules jdk.incubator.vector"), run.err());
    }

    @Test
    void demandingVectorKernelsIsAnError() throws Exception {
        CommandLineRun run = java(Heddle.class, "run", "Once", "--backend", "vector");
        assertEquals(1, run.code());
        assertEquals("", run.out());
        assertEquals(1, run.errors().size(), run.err());
        assertTrue(run.errors().getFirst().startsWith("heddle: the vector kernels need the module jdk.incubator.vector"), run.err());
    }

    /// Opens two backends, as a program that embeds Heddle may.
    static final class Embedding {
        private Embedding() {
        }

        public static void main(String[] arguments) {
            for (int i = 0; i < 2; i++) {
                try (CpuBackend backend = CpuBackend.best()) {
                    System.out.println(backend.description());
                }
            }
        }
    }

    @Test
    void anEmbeddingProgramIsWarnedOnce() throws Exception {
        CommandLineRun run = java(Embedding.class);
        assertEquals(0, run.code(), run.err());
        assertEquals(2, run.out().lines().filter(line -> line.contains("plain loops")).count(), run.out());
        assertEquals(1, run.err().lines().filter(line -> line.contains("jdk.incubator.vector is missing")).count(), run.err());
    }
}
