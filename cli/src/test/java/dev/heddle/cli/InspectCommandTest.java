package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InspectCommandTest {
    private static final Path GOLDEN = Path.of(System.getProperty("heddle.repository"), "testdata/inspect");

    private static CommandLineRun inspect(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "inspect";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return CommandLineRun.of(all);
    }

    private static JsonNode json(String model) throws IOException {
        CommandLineRun run = inspect(model, "--json");
        assertEquals(0, run.code(), run.err());
        return new ObjectMapper().readTree(run.out());
    }

    /// `-Dheddle.update=true` writes the files after a change that was meant.
    @ParameterizedTest
    @ValueSource(strings = {"jamba-v0.1", "zamba2-2.7b", "mamba-130m", "mambavision-t"})
    void textIsTheKnownOne(String preset) throws IOException {
        CommandLineRun run = inspect(preset, "--width", "80");
        assertEquals(0, run.code(), run.err());
        Path file = GOLDEN.resolve(preset + ".txt");
        if (Boolean.getBoolean("heddle.update")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, run.out());
        }
        assertEquals(Files.readString(file), run.out());
        run.out().lines().forEach(line -> assertTrue(line.length() <= 80, line));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nemotron-3-super-120b-a12b", "rwkv-4-169m-pile", "hymba-1.5b", "llama-3.1-405b", "vim-tiny"})
    void noLineIsWiderThanTheScreen(String preset) {
        for (String width : List.of("80", "120")) {
            inspect(preset, "--width", width, "--color", "never").out().lines()
                    .forEach(line -> assertTrue(line.length() <= Integer.parseInt(width), line));
        }
    }

    @Test
    void coloursOnRequest() {
        assertTrue(inspect("mamba-130m", "--color", "always").out().contains("\u001b["));
        assertFalse(inspect("mamba-130m", "--color", "never").out().contains("\u001b["));
    }

    /// Keys and values in q8_0 take 34 bytes for 32 numbers, in bf16 64.
    @Test
    void memoryFollowsTheTypes() throws IOException {
        JsonNode usual = json("jamba-v0.1");
        CommandLineRun run = inspect("jamba-v0.1", "--json", "-ctk", "q8_0", "--cache-type-v", "bf16", "--state-type", "int8");
        JsonNode small = new ObjectMapper().readTree(run.out());
        assertEquals(usual.get("kv_bytes_per_token").longValue() * 98 / 128, small.get("kv_bytes_per_token").longValue());
        long scans = 28L * 16 * 8192;
        assertEquals(usual.get("state_bytes").longValue() - 4 * scans + scans * 9 / 8, small.get("state_bytes").longValue());
        assertTrue(inspect("jamba-v0.1", "-ctk", "q8_0").out().contains("per token (q8_0 keys, bf16 values)"), run.out());
    }

    @Test
    void jsonHasItsFields() throws IOException {
        JsonNode json = json("jamba-v0.1");
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        assertEquals(List.of("name", "family", "class", "class_id", "reason", "experts", "blocks", "width", "vocabulary", "context",
                "parameters", "ratio", "state_bytes", "kv_bytes_per_token", "kv_bytes_per_token_beyond_windows", "positions", "memory",
                "layers", "spec"), names);
        assertEquals("SSM-attention hybrid", json.get("class").textValue());
        assertEquals("ssm-attention-hybrid", json.get("class_id").textValue());
        assertTrue(json.get("experts").booleanValue());
        assertEquals(51_570_323_328L, json.at("/parameters/total").longValue());
        assertEquals(12_112_867_328L, json.at("/parameters/active").longValue(), 1_000_000_000);
        assertEquals("1:7", json.at("/ratio/attention_to_recurrent").textValue());
        // the authors' figure: 4 GB of keys and values at 256K in 16 bits (Lieber et al. 2024, table 1)
        assertEquals(4L << 30, json.at("/memory/2/kv_bytes").longValue());
        assertEquals(16 << 10, json.get("kv_bytes_per_token").intValue());
        // 28 layers of 8192 channels with 16 states and a convolution's last 3 inputs
        assertEquals(28L * 8192 * (16 + 3) * 4, json.get("state_bytes").longValue());
        assertEquals(List.of(4096L, 32768L, 262144L, 1048576L), json.get("memory").valueStream().map(use -> use.get("context").longValue()).toList());
        assertEquals("attention", json.at("/layers/4/layers/0/name").textValue());
        assertEquals(8 * json.at("/memory/3/kv_bytes").longValue(), json.at("/memory/3/transformer_kv_bytes").longValue());
    }

    @Test
    void windowsHoldNoMoreThanTheySee() throws IOException {
        JsonNode json = json("recurrentgemma-2b");
        assertEquals(json.at("/memory/1/kv_bytes").longValue(), json.at("/memory/3/kv_bytes").longValue());
        assertEquals(2048L * json.get("kv_bytes_per_token").longValue(), json.at("/memory/0/kv_bytes").longValue());
        assertEquals(0, json.get("kv_bytes_per_token_beyond_windows").intValue());
    }

    @Test
    void classesAreTheKnownOnes() throws IOException {
        String[][] known = {{"mamba-130m", "pure Mamba"}, {"codestral-mamba-7b", "pure Mamba"}, {"llama-3.2-1b", "pure transformer"},
            {"rwkv-7b", "linear attention"}, {"retnet-3b", "linear attention"}, {"falcon-h1-0.5b", "SSM-attention hybrid"},
            {"zamba2-7b", "SSM-attention hybrid"}, {"blackmamba-2.8b", "MoE-SSM"}, {"hawk-7b", "recurrent"},
            {"recurrentgemma-9b", "recurrent-attention hybrid"}, {"lfm2-1.2b", "convolution-attention hybrid"},
            {"qwen3-next-80b-a3b", "linear-attention hybrid"}, {"vim-tiny", "vision Mamba"}, {"mambavision-s", "vision hybrid"}};
        for (String[] one : known) {
            assertEquals(one[1], json(one[0]).get("class").textValue(), one[0]);
        }
    }

    @Test
    void everythingThatDescribesAnArchitectureWorks(@TempDir Path folder) throws IOException {
        long total = 129_135_360;
        Path config = Path.of(System.getProperty("heddle.repository"), "testdata/configs/mamba-130m.json");
        assertEquals(total, json(config.toString()).at("/parameters/total").longValue());
        assertEquals("mamba-130m", json(config.toString()).get("name").textValue());
        Path yaml = folder.resolve("mine.yaml");
        Files.writeString(yaml, inspect("mamba-130m", "--yaml").out());
        assertEquals(total, json(yaml.toString()).at("/parameters/total").longValue());
        Path json = folder.resolve("mine.json");
        Files.writeString(json, json("mamba-130m").get("spec").toString());
        assertEquals(total, json(json.toString()).at("/parameters/total").longValue());
        Path checkpoint = Files.createDirectory(folder.resolve("little"));
        Files.copy(config, checkpoint.resolve("config.json"));
        assertEquals(total, json(checkpoint.toString()).at("/parameters/total").longValue());
        assertEquals("little", json(checkpoint.resolve("config.json").toString()).get("name").textValue());
        assertEquals(total, json("MAMBA-130M").at("/parameters/total").longValue());
        assertEquals("story-falcon-h1", new ObjectMapper().readTree(inspect("--json").out()).get("name").textValue());
    }

    private static void refused(int code, String message, CommandLineRun run) {
        assertEquals(code, run.code(), run.err());
        assertEquals(message, run.errors().getFirst());
        assertEquals(1, run.errors().size(), run.err());
        assertEquals("", run.out());
    }

    @Test
    void mistakesAreSaidInOneLine(@TempDir Path folder) throws IOException {
        refused(1, "heddle: jamba-v0.2: no such file or folder, no preset (see 'heddle zoo') and no hub id (owner/name or owner/name:TYPE), "
                + "did you mean jamba-v0.1?", inspect("jamba-v0.2"));
        refused(2, "heddle: give --json or --yaml, not both", inspect("jamba-v0.1", "--json", "--yaml"));
        refused(2, "heddle: --width must be from 80 to 10000, not 4", inspect("jamba-v0.1", "--width", "4"));
        refused(2, "heddle: --color must be auto, always or never, not red", inspect("jamba-v0.1", "--color", "red"));
        Path gguf = Files.writeString(folder.resolve("model.gguf"), "GGUF");
        assertTrue(inspect(gguf.toString()).errors().getFirst().contains("it is truncated"));
        Path yaml = Files.writeString(folder.resolve("bad.yaml"), "vocabulary: 10\nwidth: x\nblocks: []\n");
        refused(1, "heddle: " + yaml + ":2:8: width is the string \"x\", expected a whole number", inspect(yaml.toString()));
        Path config = Files.writeString(folder.resolve("bad.json"), "{\"model_type\": \"jamba\", \"hidden_size\": 8}");
        assertEquals(1, inspect(config.toString()).errors().size());
        assertEquals(1, inspect(config.toString()).code());
    }
}
