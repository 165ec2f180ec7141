package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerplexityCommandTest {
    private static final Path TEXT = Path.of(System.getProperty("heddle.repository"), "models/story-falcon-h1/validation.txt");

    @TempDir
    Path folder;

    /// The value is that of llama.cpp's `llama-perplexity -c 512 --chunks 1` on the same model written in f32 (35.2879, with
    /// sums of its own).
    @Test
    void theBundledModelAsLlamaCppMeasuresIt() throws Exception {
        CommandLineRun run = CommandLineRun.of("perplexity", "--file", TEXT.toString(), "--windows", "1", "--json");
        assertEquals(0, run.code(), run.err());
        JsonNode json = Json.mapper().readTree(run.out());
        assertEquals(35.288, json.path("perplexity").asDouble(), 1e-3);
        assertEquals(255, json.path("predictions").asInt());
        assertEquals(512, json.path("window").asInt());
    }

    @Test
    void aModelDivergesFromItsQuantizedSelfAndNotFromItself() throws Exception {
        Path small = folder.resolve("small.gguf");
        assertEquals(0, CommandLineRun.of("quantize", TEXT.getParent().toString(), small.toString(), "--type", "q4_0").code());
        JsonNode same = measured("perplexity", "--kl-base", TEXT.getParent().toString());
        assertEquals(0, same.path("kl_divergence").asDouble(), 1e-9);
        assertEquals(1, same.path("top1_agreement").asDouble());
        assertEquals(same.path("perplexity").asDouble(), same.path("base_perplexity").asDouble());
        JsonNode quantized = measured("perplexity", small.toString(), "--kl-base", TEXT.getParent().toString());
        assertTrue(quantized.path("kl_divergence").asDouble() > 1e-4, quantized.toString());
        assertTrue(quantized.path("kl_divergence").asDouble() < 0.2, quantized.toString());
        assertTrue(quantized.path("top1_agreement").asDouble() > 0.7, quantized.toString());
    }

    private static JsonNode measured(String... arguments) throws Exception {
        String[] all = new String[arguments.length + 7];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        System.arraycopy(new String[] {"--file", TEXT.toString(), "-c", "64", "--windows", "3", "--json"}, 0, all, arguments.length, 7);
        CommandLineRun run = CommandLineRun.of(all);
        assertEquals(0, run.code(), run.err());
        return Json.mapper().readTree(run.out());
    }

    @Test
    void badInput() throws Exception {
        failed(1, "no such file", "--file", "/nowhere.txt");
        failed(2, "-c must be at least 4", "--file", TEXT.toString(), "-c", "3");
        failed(1, "less than one window of 512", "--file", Files.writeString(folder.resolve("short.txt"), "Too short.").toString());
        failed(1, "is no UTF-8 text", "--file", Files.write(folder.resolve("bytes.txt"), new byte[] {(byte) 0xff, (byte) 0xfe}).toString());
    }

    private static void failed(int code, String message, String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "perplexity";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        CommandLineRun run = CommandLineRun.of(all);
        assertEquals(code, run.code(), run.err());
        assertTrue(run.errors().getFirst().contains(message), run.err());
    }
}
