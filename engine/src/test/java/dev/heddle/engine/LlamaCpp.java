package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.checkpoint.quantize.FileType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// A build of llama.cpp (within its sources, with `llama-quantize`) that computes logits and quantizes.
final class LlamaCpp {
    private static final Path SOURCE = Path.of(System.getProperty("heddle.repository"), "tools/llama/logits.cpp");

    private final Path bin;
    private final Path folder;
    private final Path program;

    /// @param build  the folder it was built in
    /// @param folder for files of its own
    LlamaCpp(Path build, Path folder) throws Exception {
        bin = build.resolve("bin");
        this.folder = folder;
        program = folder.resolve("llama-logits");
        String root = build.toAbsolutePath().getParent().toString();
        run("", "c++", "-O1", "-std=c++17", "-I" + root + "/include", "-I" + root + "/ggml/include", SOURCE.toString(), "-o",
                program.toString(), "-L" + bin, "-lllama", "-lggml", "-lggml-base", "-Wl,-rpath," + bin);
    }

    private void run(String input, String... command) throws Exception {
        Path log = Files.createTempFile(folder, "log", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // it ended before it had read everything; its exit code says why
        }
        String text = process.waitFor() == 0 ? "" : Files.readString(log);
        assertEquals(0, process.exitValue(), String.join(" ", command) + "\n" + text);
    }

    /// The logits after every token of every sequence, with keys and values in f32.
    float[] logits(Path model, List<int[]> sequences) throws Exception {
        Path out = Files.createTempFile(folder, "logits", ".f32");
        run(sequences.stream().map(Arrays::toString).collect(Collectors.joining(",", "[", "]")), program.toString(), model.toString(),
                out.toString());
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN);
        Files.delete(out);
        float[] logits = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(logits);
        return logits;
    }

    void quantize(Path from, Path to, FileType type) throws Exception {
        run("", bin.resolve("llama-quantize").toString(), from.toString(), to.toString(), type.name(), "2");
    }
}
