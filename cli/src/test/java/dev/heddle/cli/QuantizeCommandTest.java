package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.DType;
import dev.heddle.train.TrainableParameters;
import dev.heddle.train.initialize.Initialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {
    private static final String BUNDLED = Path.of(System.getProperty("heddle.repository"), "models/story-falcon-h1").toString();

    @TempDir
    Path folder;

    private static String fixture(String name) {
        return Path.of(System.getProperty("heddle.repository"), "testdata/fixtures", name).toString();
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void mixturesAsDocumented() {
        Path out = folder.resolve("story.gguf");
        CommandLineRun run = CommandLineRun.of("quantize", BUNDLED, out.toString(), "--type", "q4_K_M");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().contains("falcon-h1, 80 Q4_K, 71 F32, 11 Q6_K tensors"), run.out());
        try (GgufFile file = GgufFile.open(out)) {
            assertEquals(DType.Q6_K, file.tensor("token_embd.weight").dtype());
            assertEquals(DType.Q6_K, file.tensor("blk.0.ffn_down.weight").dtype());
            assertEquals(DType.Q4_K, file.tensor("blk.1.ffn_down.weight").dtype());
            assertEquals(DType.Q4_K, file.tensor("blk.0.ssm_in.weight").dtype());
            assertEquals(DType.F32, file.tensor("blk.0.ssm_a").dtype());
            assertEquals(DType.F32, file.tensor("blk.0.ssm_conv1d.weight").dtype());
            assertEquals("gpt2", file.values().text("tokenizer.ggml.model").orElseThrow());
            assertEquals(15, file.values().index("general.file_type").orElseThrow());
        }
        CommandLineRun story = CommandLineRun.of("run", out.toString(), "Once upon a time", "-n", "4", "--temperature", "0");
        assertEquals(0, story.code(), story.err());
    }

    @Test
    void fromOneGgufToAnother() throws IOException {
        Path first = folder.resolve("a.gguf");
        Path second = folder.resolve("b.gguf");
        assertEquals(0, CommandLineRun.of("quantize", fixture("falcon_h1"), first.toString(), "--type", "q8_0").code());
        CommandLineRun run = CommandLineRun.of("quantize", first.toString(), second.toString(), "--type", "q4_0");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err().contains("is quantized already"), run.err());
        assertEquals(List.of("a.gguf", "b.gguf"), left());
    }

    @Test
    void otherFamiliesAreWrittenAsHeddles() {
        Path out = folder.resolve("zamba.gguf");
        CommandLineRun run = CommandLineRun.of("quantize", fixture("zamba"), out.toString(), "--type", "f16");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().contains(": heddle, "), run.out());
        CommandLineRun mamba2 = CommandLineRun.of("quantize", fixture("mamba2"), out.toString(), "--type", "f16");
        assertTrue(mamba2.err().contains("which llama.cpp does not load: mamba2 as llama.cpp knows it needs a norm of each of the 2 groups"),
                mamba2.err());
    }

    @Test
    void randomWeightsOfASeed() throws IOException {
        String config = fixture("lfm2_moe/config.json");
        List<byte[]> files = new ArrayList<>();
        for (String seed : List.of("7", "7", "8")) {
            Path out = folder.resolve(files.size() + ".gguf");
            CommandLineRun run = CommandLineRun.of("quantize", "--random", config, out.toString(), "--type", "q8_0", "--seed", seed);
            assertEquals(0, run.code(), run.err());
            assertTrue(run.out().contains(": lfm2moe, "), run.out());
            files.add(Files.readAllBytes(out));
        }
        assertArrayEquals(files.get(0), files.get(1));
        assertFalse(Arrays.equals(files.get(0), files.get(2)));
        try (Checkpoint drawn = Checkpoint.open(folder.resolve("0.gguf"));
                CpuBackend backend = CpuBackend.best()) {
            Model whole = new Model(drawn.spec(), new TrainableParameters(backend));
            new Initialization(7).apply(whole, backend);
            assertArrayEquals(whole.parameters().get("blocks.0.0.conv.weight").toFloats(),
                    drawn.model().parameters().get("blocks.0.0.conv.weight").toFloats());
        }
        try (GgufFile file = GgufFile.open(folder.resolve("0.gguf"))) {
            assertEquals("none", file.values().text("tokenizer.ggml.model").orElseThrow());
        }
    }

    @Test
    void badInputLeavesNothing() throws IOException {
        String out = folder.resolve("x.gguf").toString();
        failed(2, "--type must be one of f32, f16, bf16, q8_0, q4_0", "quantize", fixture("mamba"), out, "--type", "q9");
        failed(1, "no such file or folder", "quantize", "/nowhere/model", out, "--type", "q8_0");
        failed(2, "--seed needs --random", "quantize", fixture("mamba"), out, "--type", "q8_0", "--seed", "1");
        failed(1, "no such file or folder", "quantize", "--random", "/nowhere/model", out, "--type", "q8_0");
        failed(1, "is no folder", "quantize", fixture("mamba"), fixture("mamba/config.json/x.gguf"), "--type", "q8_0");
        assertEquals(List.of(), left());
        Files.writeString(folder.resolve("y.gguf"), "GGUF");
        failed(2, "is the model itself", "quantize", folder.resolve("y.gguf").toString(), folder.resolve("y.gguf").toString(), "--type",
                "q8_0");
        failed(1, "y.gguf", "quantize", folder.resolve("y.gguf").toString(), out, "--type", "q8_0");
        assertEquals(List.of("y.gguf"), left());
    }

    private static void failed(int code, String message, String... arguments) {
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(code, run.code(), run.err());
        assertTrue(run.errors().getFirst().contains(message), run.err());
        assertEquals(1, run.errors().size(), run.err());
    }
}
