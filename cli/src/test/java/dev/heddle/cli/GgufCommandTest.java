package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// GGUF files as MODEL of commands.
class GgufCommandTest {
    private static final Path FILES = Path.of(System.getProperty("heddle.repository"), "testdata/gguf");

    @TempDir
    Path folder;

    private static String model(String name) {
        return FILES.resolve(name).toString();
    }

    @Test
    void inspectShowsTypesAndMetadata() throws IOException {
        CommandLineRun run = CommandLineRun.of("inspect", model("nemotron_h-moe.gguf"));
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().contains("1 Mamba-2 + 1 attention of 2 mixers; experts in 2 of 4 blocks"), run.out());
        assertTrue(run.out().contains("file  GGUF version 3, 31 tensors, 159 KiB, 32.00 bits a weight"), run.out());
        assertTrue(run.out().contains("  blk.*.ffn_up_exps.weight       32.0 KiB  F32 × 2\n"), run.out());
        assertTrue(run.out().contains("  nemotron_h_moe.feed_forward_length  [0, 16, 0, 16]\n"), run.out());
        JsonNode json = new ObjectMapper().readTree(CommandLineRun.of("inspect", model("mamba-split-00003-of-00004.gguf"), "--json").out());
        assertEquals(4, json.path("gguf").path("files").intValue());
        assertEquals(3, json.path("gguf").path("tensors").path("blk.*.ssm_in.weight").path("types").path("F32").intValue());
        assertEquals("mamba", json.path("gguf").path("metadata").path("general.architecture").textValue());
    }

    @Test
    void logitsAreThoseOfTheCheckpoint() throws IOException {
        Path tokens = Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3, 4, 5, 6, 7, 8]]");
        Path fixture = FILES.resolveSibling("fixtures/jamba");
        String expected = CommandLineRun.of("logits", fixture.toString(), "--tokens", tokens.toString(), "-o",
                folder.resolve("a.safetensors").toString()).out();
        // a folder that holds nothing but the file stands for it
        Files.copy(FILES.resolve("jamba.gguf"), Files.createDirectory(folder.resolve("model")).resolve("jamba.gguf"));
        for (String file : new String[] {model("jamba.gguf"), folder.resolve("model").toString()}) {
            CommandLineRun run = CommandLineRun.of("logits", file, "--tokens", tokens.toString(), "-o", folder.resolve("b.safetensors").toString());
            assertEquals(expected, run.out(), run.err());
        }
        assertTrue(expected.startsWith("cross-entropy "), expected);
    }

    @Test
    void tokenizeReadsTheMetadata() {
        String expected = CommandLineRun.of("tokenize", "Once upon a time", "--json").out();
        assertEquals(expected, CommandLineRun.of("tokenize", model("vocab/story.gguf"), "Once upon a time", "--json").out());
        CommandLineRun none = CommandLineRun.of("tokenize", model("jamba.gguf"), "text");
        assertEquals(1, none.code());
        assertTrue(none.errors().getFirst().contains("holds no tokenizer, and neither does its folder"), none.err());
    }

    @Test
    void trainingsStartFromFolders() throws IOException {
        Files.writeString(folder.resolve("text.txt"), "Once upon a time. ".repeat(200));
        Path config = Files.writeString(folder.resolve("train.yaml"), "model: " + model("llama.gguf") + "\ntokenizer: "
                + FILES.resolveSibling("../models/story-falcon-h1").normalize() + "\ndata:\n  - {file: text.txt}\nsteps: 1\nlength: 8\n"
                + "batch: 1\noutput: run\n");
        for (CommandLineRun run : List.of(CommandLineRun.of("train", config.toString()),
                CommandLineRun.of("convert", model("llama.gguf"), "--to-hybrid", "*", folder.resolve("out").toString()))) {
            assertEquals(1, run.code(), run.err());
            assertEquals(List.of("heddle: " + model("llama.gguf") + ": is a GGUF file; only a checkpoint's folder can be trained or "
                    + "converted"), run.errors());
        }
    }

    @Test
    void unknownArchitecturesAreNamed() throws IOException {
        byte[] bytes = Files.readAllBytes(FILES.resolve("mamba.gguf"));
        byte[] name = "general.architecture".getBytes(StandardCharsets.US_ASCII);
        int at = 0;
        while (!Arrays.equals(bytes, at, at + name.length, name, 0, name.length)) {
            at++;
        }
        bytes[at + name.length + 4 + 8] = 'b';
        Path file = Files.write(folder.resolve("other.gguf"), bytes);
        CommandLineRun run = CommandLineRun.of("inspect", file.toString());
        assertEquals(1, run.code());
        assertTrue(run.errors().getFirst().contains("general.architecture is \"bamba\", which is not supported, did you mean jamba?; supported are "
                + "falcon-h1, gemma, "), run.err());
        assertEquals(1, run.errors().size(), run.err());
    }
}
