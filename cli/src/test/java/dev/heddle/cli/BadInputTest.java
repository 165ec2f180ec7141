package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is wrong with the files a command is given, it says so in one line that names the file, and ends with
/// exit code 1, or 2 if the command line itself makes no sense.
class BadInputTest {
    @TempDir
    Path folder;

    private static Path repository(String path) {
        return Path.of(System.getProperty("heddle.repository")).resolve(path);
    }

    /// Ways in which a folder with a good checkpoint goes bad, and what the message must say.
    enum Damage {
        MISSING("no such file or folder", model -> {
            Files.delete(model.resolve("config.json"));
            Files.delete(model.resolve("model.safetensors"));
            Files.delete(model);
        }),
        EMPTY_FOLDER("no weights", model -> {
            Files.delete(model.resolve("config.json"));
            Files.delete(model.resolve("model.safetensors"));
        }),
        NO_WEIGHTS("no weights", model -> Files.delete(model.resolve("model.safetensors"))),
        CONFIG_EMPTY("config.json: empty", model -> Files.writeString(model.resolve("config.json"), "")),
        CONFIG_NO_JSON("config.json: not valid JSON", model -> Files.writeString(model.resolve("config.json"), "{\"a\": ")),
        CONFIG_NESTED("config.json: not valid JSON", model -> Files.writeString(model.resolve("config.json"), "[".repeat(100_000))),
        CONFIG_BINARY("config.json: not valid JSON", model -> Files.write(model.resolve("config.json"), new byte[] {(byte) 0xff, 0, 1})),
        CONFIG_LIST("config.json: expected a JSON object", model -> Files.writeString(model.resolve("config.json"), "[1]")),
        UNKNOWN_TYPE("\"abacus\" is unknown", config(json -> json.put("model_type", "abacus"))),
        TYPE_NO_STRING("model_type", config(json -> json.put("model_type", 5))),
        WIDTH_MISSING("hidden_size", config(json -> json.remove("hidden_size"))),
        WIDTH_TEXT("hidden_size", config(json -> json.put("hidden_size", "wide"))),
        WIDTH_FRACTION("hidden_size", config(json -> json.put("hidden_size", 32.5))),
        WIDTH_NEGATIVE("-32", config(json -> json.put("hidden_size", -32))),
        WIDTH_HUGE("embeddings", config(json -> json.put("hidden_size", 1 << 30))),
        WIDTH_WRONG("embeddings", config(json -> json.put("hidden_size", 48))),
        LAYERS_ZERO("layers", config(json -> json.put("num_hidden_layers", 0))),
        LAYERS_HUGE("layers", config(json -> json.put("num_hidden_layers", Integer.MAX_VALUE))),
        LAYERS_MORE("layers.3", config(json -> json.put("num_hidden_layers", 4))),
        LAYERS_FEWER("layers.2", config(json -> json.put("num_hidden_layers", 2))),
        EPSILON_NAN("epsilon", config(json -> json.put("layer_norm_epsilon", Double.NaN))),
        ACTIVATION_UNKNOWN("swoosh", config(json -> json.put("hidden_act", "swoosh"))),
        WEIGHTS_EMPTY("model.safetensors", model -> Files.write(model.resolve("model.safetensors"), new byte[0])),
        WEIGHTS_TRUNCATED("model.safetensors", model -> resize(model, 0.5)),
        WEIGHTS_TOO_LONG("model.safetensors", model -> resize(model, 1.5)),
        HEADER_HUGE("model.safetensors", model -> poke(model, new byte[] {-1, -1, -1, -1, -1, -1, -1, 127})),
        HEADER_GARBAGE("model.safetensors", model -> poke(model, new byte[] {64, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4})),
        WEIGHTS_POINTER("Git LFS pointer", model -> Files.writeString(model.resolve("model.safetensors"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")),
        WEIGHTS_WEB_PAGE("web page", model -> Files.writeString(model.resolve("model.safetensors"), "<!DOCTYPE html><html></html>")),
        WEIGHTS_FOLDER("no weights", model -> {
            Files.delete(model.resolve("model.safetensors"));
            Files.createDirectory(model.resolve("model.safetensors"));
        }),
        SHARD_MISSING("model-00002-of-00002.safetensors", model -> {
            Files.delete(model.resolve("model.safetensors"));
            Files.writeString(model.resolve("model.safetensors.index.json"), """
                    {"weight_map": {"backbone.embeddings.weight": "model-00002-of-00002.safetensors"}}""");
        }),
        INDEX_HOSTILE("etc/passwd", model -> {
            Files.delete(model.resolve("model.safetensors"));
            Files.writeString(model.resolve("model.safetensors.index.json"), """
                    {"weight_map": {"backbone.embeddings.weight": "../../../../etc/passwd"}}""");
        }),
        TENSOR_MISSING("backbone.norm_f.weight", tensors(all -> all.remove("backbone.norm_f.weight"))),
        TENSOR_EXTRA("backbone.surplus", tensors(all -> all.put("backbone.surplus", all.get("backbone.norm_f.weight")))),
        TENSOR_WRONG_SHAPE("backbone.norm_f.weight", tensors(all -> all.put("backbone.norm_f.weight",
                all.get("backbone.embeddings.weight"))));

        private interface Edit {
            void on(Path model) throws IOException;
        }

        private final String says;
        private final Edit edit;

        Damage(String says, Edit edit) {
            this.says = says;
            this.edit = edit;
        }

        private static Edit config(Consumer<ObjectNode> change) {
            return model -> {
                ObjectNode json = Json.readObject(model.resolve("config.json"));
                change.accept(json);
                Files.writeString(model.resolve("config.json"), json.toString());
            };
        }

        private static Edit tensors(Consumer<Map<String, Tensor>> change) {
            return model -> {
                Path file = model.resolve("model.safetensors");
                try (Arena arena = Arena.ofConfined(); Safetensors weights = Safetensors.open(file)) {
                    Map<String, Tensor> all = new LinkedHashMap<>();
                    weights.names().forEach(name -> all.put(name, Tensor.of(arena, weights.tensor(name).toFloats(),
                            weights.tensor(name).shape())));
                    change.accept(all);
                    SafetensorsWriter.write(model.resolve("new"), all, Map.of());
                }
                Files.move(model.resolve("new"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            };
        }

        private static void resize(Path model, double share) throws IOException {
            try (RandomAccessFile file = new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
                file.setLength((long) (file.length() * share));
            }
        }

        private static void poke(Path model, byte[] start) throws IOException {
            try (RandomAccessFile file = new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
                file.write(start);
            }
        }
    }

    private Path copy(String fixture) throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(repository("testdata/fixtures/" + fixture).resolve(name), model.resolve(name));
        }
        return model;
    }

    private static void expect(int code, String says, String... arguments) {
        CommandLineRun run = CommandLineRun.of(arguments);
        String line = String.join(" ", arguments) + "\n" + run.err() + run.out();
        assertEquals(code, run.code(), line);
        assertEquals(1, run.errors().size(), line);
        assertTrue(run.errors().getFirst().startsWith("heddle: "), line);
        assertTrue(run.errors().getFirst().contains(says), "must say '" + says + "': " + line);
        assertFalse(run.err().contains("internal error") || run.err().contains("\tat "), line);
        assertTrue(run.errors().getFirst().length() < 600, line);
        assertEquals("", run.out(), line);
    }

    @ParameterizedTest
    @EnumSource
    void damagedCheckpoints(Damage damage) throws IOException {
        Path model = copy("mamba");
        Path tokens = Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3]]");
        damage.edit.on(model);
        for (String[] command : List.of(new String[] {"logits", model.toString(), "--tokens", tokens.toString(), "-o", folder + "/out"},
                new String[] {"grads", model.toString(), "--tokens", tokens.toString(), "-o", folder + "/out"},
                new String[] {"bench", model.toString(), "-p", "1", "-n", "0"})) {
            expect(1, damage.says, command);
        }
        assertFalse(Files.exists(folder.resolve("out")));
        if (damage.compareTo(Damage.CONFIG_EMPTY) < 0 || damage.compareTo(Damage.WEIGHTS_EMPTY) < 0) {
            return;
        }
        Files.copy(repository("models/story-falcon-h1/tokenizer.json"), model.resolve("tokenizer.json"));
        expect(1, damage.says, "run", model.toString(), "Once upon a time");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}", "[]", "[[]]", "[[1, 2], []]", "[1, 2]", "[[1.5]]", "[[\"a\"]]", "[[null]]", "[[true]]", "[[NaN]]",
        "[[-1]]", "[[128]]", "[[1e99]]", "[[9223372036854775808]]", "[[[1]]]", "[[1]] [[2]]", "5", "\u0000"})
    void tokensThatAreNone(String content) throws IOException {
        Path tokens = Files.write(folder.resolve("ids.json"), content.getBytes(StandardCharsets.UTF_8));
        String model = repository("testdata/fixtures/mamba").toString();
        for (String command : List.of("logits", "grads")) {
            expect(1, "ids.json", command, model, "--tokens", tokens.toString(), "-o", folder + "/out");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(tokens), left.toList());
        }
    }

    @Test
    void placesThatCannotBeWritten() throws IOException {
        Path tokens = Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3]]");
        String model = repository("testdata/fixtures/mamba").toString();
        List<String> places = new ArrayList<>(List.of(folder.toString(), tokens + "/out"));
        if (Files.exists(Path.of("/dev/null"))) {
            places.add("/dev/null");
        }
        for (String place : places) {
            for (String command : List.of("logits", "grads")) {
                expect(1, place, command, model, "--tokens", tokens.toString(), "-o", place);
            }
        }
        expect(1, "ids.json", "logits", model, "--tokens", folder.resolve("nowhere/ids.json").toString(), "-o", folder + "/out");
        expect(1, folder.toString(), "logits", model, "--tokens", folder.toString(), "-o", folder + "/out");
    }

    @Test
    void gradientsNeedAPrediction() throws IOException {
        Path tokens = Files.writeString(folder.resolve("ids.json"), "[[1], [2]]");
        expect(1, "ids.json", "grads", repository("testdata/fixtures/mamba").toString(), "--tokens", tokens.toString(), "-o", folder + "/out");
    }

    @Test
    void tokenizersThatAreNone() throws IOException {
        Path model = copy("mamba");
        expect(1, "no tokenizer", "tokenize", model.toString(), "text");
        expect(1, "no tokenizer", "run", model.toString(), "text");
        for (String content : List.of("", "{", "[]", "{}", "{\"model\": {\"type\": \"Abacus\"}}", "\u0000")) {
            Files.writeString(model.resolve("tokenizer.json"), content);
            expect(1, "tokenizer.json", "tokenize", model.toString(), "text");
        }
        Files.copy(repository("models/story-falcon-h1/tokenizer.json"), model.resolve("tokenizer.json"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"chat_template\": \"{% for %}\"}");
        expect(1, "chat template line 1", "run", model.toString(), "text");
        Files.writeString(model.resolve("tokenizer_config.json"), "[]");
        expect(1, "tokenizer_config.json", "run", model.toString(), "text");
        Files.delete(model.resolve("tokenizer_config.json"));
        for (String content : List.of("{", "[]", "{\"temperature\": \"hot\"}", "{\"top_p\": 7}", "{\"max_new_tokens\": 1.5}",
                "{\"do_sample\": \"maybe\"}", "{\"stop_strings\": [1]}")) {
            Files.writeString(model.resolve("generation_config.json"), content);
            expect(1, "generation_config.json", "run", model.toString(), "text");
        }
    }

    @Test
    void commandLinesThatMakeNoSense() {
        String model = repository("testdata/fixtures/mamba").toString();
        expectUsage("logits", model);
        expectUsage("logits", model, "--tokens", "ids.json");
        expectUsage("grads", model, "-o", "out");
        expectUsage("logits", model, "--tokens", "ids.json", "-o", "out", "--decode-from", "many");
        expectUsage("bench", model, "-p", "-1");
        expectUsage("bench", model, "-r", "0");
        expectUsage("bench", model, "-n", "x");
        expectUsage("bench", model, "--random", model);
        expect(1, "no-such-preset", "bench", "--random", "no-such-preset");
        expectUsage("bench", "--random", model, "--type", "f8");
        expectUsage("bench", model, "--kv-type", "u4");
        expectUsage("run", model, "prompt", "too much");
        expectUsage("run", model, "prompt", "-p", "again");
        expectUsage("run", "prompt", "--temp", "-1");
        expectUsage("run", "prompt", "--temp", "NaN");
        expectUsage("run", "prompt", "--top-p", "0");
        expectUsage("run", "prompt", "--top-k", "-3");
        expectUsage("run", "prompt", "--min-p", "1");
        expectUsage("run", "prompt", "--repeat-penalty", "0");
        expectUsage("run", "prompt", "--seed", "abc");
        expectUsage("run", "prompt", "--stop", "");
        expectUsage("run", "prompt", "-n", "-2");
        expectUsage("run", "prompt", "-c", "-1");
        expectUsage("run", "prompt", "--threads", "two");
        expectUsage("run", "prompt", "--backend", "abacus");
        expectUsage("run", "prompt", "--cache-type-k", "q4_0");
        expectUsage("bench", "-ctv", "half");
        expectUsage("serve", "--state-type", "fp8");
        expectUsage("run", "prompt", "--backend");
        expectUsage("tokenize", model, "text", "more");
        expectUsage("pull");
        expectUsage("pull", "no-owner");
        expectUsage("pull", "../etc/passwd");
        expectUsage("weave");
        expectUsage("--weave");
    }

    private static void expectUsage(String... arguments) {
        CommandLineRun run = CommandLineRun.of(arguments);
        String line = String.join(" ", arguments) + "\n" + run.err() + run.out();
        assertEquals(2, run.code(), line);
        List<String> errors = run.errors();
        assertTrue(errors.size() == 1 || errors.size() == 2 && errors.get(1).startsWith("Try 'heddle "), line);
        assertTrue(errors.getFirst().startsWith("heddle: ") && errors.getFirst().length() > 20, line);
        assertEquals("", run.out(), line);
    }

    @Test
    void modelsThatAreNothing() {
        for (String name : List.of("no-such-model", "a/b/c", "/nowhere/at/all", "a\u0000b", "C:\\models", "~/model", "-")) {
            expect(1, name.replace("\u0000", "�"), "tokenize", name, "text");
        }
    }
}
