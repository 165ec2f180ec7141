package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A transformer becomes a hybrid, and the hybrid learns from it.
class ConvertCommandTest {
    private static final String FIXTURES = Path.of(System.getProperty("heddle.repository")).resolve("testdata/fixtures") + "/";

    @TempDir
    Path folder;

    @Test
    void convertInspectDistil() throws IOException {
        String hybrid = folder.resolve("hybrid").toString();
        CommandLineRun converted = CommandLineRun.of("convert", FIXTURES + "llama", hybrid, "--to-hybrid", "MMA*");
        assertEquals(0, converted.code(), converted.err());
        assertTrue(converted.out().contains("MMA: 2 of 3 layers get {type: mamba2, heads: 4"), converted.out());
        assertTrue(converted.out().contains("in_xbc.weight ← v.weight, k.weight, q.weight; out_proj.weight ← o.weight"), converted.out());
        assertTrue(CommandLineRun.of("inspect", hybrid).out().contains("2 Mamba-2 + 1 attention"));

        CommandLineRun trained = CommandLineRun.of("train", "--model", hybrid, "--teacher", FIXTURES + "llama", "--set", "teacher.weight=0.75", "--set",
                "teacher.temperature=2", "--task", "mqar", "--pairs", "3", "--set", "task.vocabulary=128", "--length", "12", "--batch", "8", "--steps", "3",
                "--set", "evaluate_tokens=240", "--output", folder.resolve("run").toString());
        assertEquals(0, trained.code(), trained.err());
        List<String> lines = Files.readAllLines(folder.resolve("run/metrics.jsonl"));
        assertEquals(3, lines.size());
        for (String line : lines) {
            JsonNode json = Json.parse(line, "metrics");
            assertTrue(json.path("divergence").asDouble() > 0);
            assertEquals(0.25 * json.path("cross_entropy").asDouble() + 0.75 * 4 * json.path("divergence").asDouble(), json.path("loss").asDouble(), 1e-9);
        }
        assertTrue(CommandLineRun.of("inspect", folder.resolve("run").toString()).out().contains("2 Mamba-2 + 1 attention"));
    }

    private void fails(int code, String message, String... arguments) {
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(code, run.code(), run.err());
        assertTrue(run.errors().getFirst().contains(message), run.err());
        assertFalse(run.err().contains("\tat "));
    }

    @Test
    void badInputIsSaidInALine() throws IOException {
        String out = folder.resolve("out").toString();
        fails(1, "is no transformer: layer 0 has another mixer", "convert", FIXTURES + "mamba", out, "--to-hybrid", "M*");
        fails(1, "makes 2 layers, expected the model's 3", "convert", FIXTURES + "llama", out, "--to-hybrid", "MA");
        fails(1, "\"X\", expected A", "convert", FIXTURES + "llama", out, "--to-hybrid", "MXA");
        fails(2, "did you mean gated-delta?", "convert", FIXTURES + "llama", out, "--to-hybrid", "M*", "--mixer", "gated-delte");
        fails(2, "exclude each other", "convert", FIXTURES + "llama", out, "--to-hybrid", "M*", "--mixer", "rglru", "--mixers-from", FIXTURES + "mamba");
        fails(2, "--to-hybrid", "convert", FIXTURES + "llama", out);
        fails(1, "no such file or folder", "convert", FIXTURES + "none", out, "--to-hybrid", "M*");
        assertFalse(Files.exists(Path.of(out)));
        Files.writeString(folder.resolve("precious"), "x");
        fails(1, "is not empty", "convert", FIXTURES + "llama", folder.toString(), "--to-hybrid", "M*");
        String[] train = {"train", "--model", FIXTURES + "llama", "--task", "mqar", "--pairs", "2", "--length", "8", "--steps", "1", "--set", "task.vocabulary=128",
            "--output", folder.resolve("run").toString(), "--teacher", ""};
        train[train.length - 1] = Path.of(FIXTURES).resolve("../../models/story-falcon-h1").toString();
        fails(1, "has a vocabulary of 4096 tokens, the student one of 128", train);
        train[train.length - 1] = FIXTURES + "none";
        fails(1, "no such file or folder", train);
    }
}
