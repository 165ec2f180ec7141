package dev.heddle.checkpoint.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.gguf.GgufBytes;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTokenizersTest {
    private static final List<String> TEXTS = List.of("", " ", "Hello, world!", "  two  spaces\t\tand tabs\n\n\nand lines \n",
            "I'll say it's 12345 apples, we'd 3.14159; DON'T!", "naïve café ÀÉÎ ñandú Straße", "Привет, мир! Как дела?",
            "日本語のテキストと漢字、한국어 텍스트。", "مرحبا بالعالم", "नमस्ते दुनिया", "emoji 🙂👩‍👩‍👧‍👦🇫🇷 and 🤖!",
            "def f(x):\n    return x ** 2  # comment\n\tif (a!=b) { c[0]+=1; }", "<s> is text, </s> too", "\u0000\u0001 \u007f\uFFFD",
            "a<|endoftext|>b", "User: hi\n\nAssistant: hello\r\nbye", "ｆｕｌｌ ｗｉｄｔｈ ① ² ½", "supercalifragilisticexpialidocious".repeat(3));

    @TempDir
    Path folder;

    private static Stream<String> texts() throws IOException {
        List<String> stories = Files.readString(Repository.path("models/story-falcon-h1/validation.txt")).lines().limit(200).toList();
        return Stream.concat(TEXTS.stream(), stories.stream());
    }

    private static void assertSame(Tokenizer expected, Tokenizer actual) throws IOException {
        texts().forEach(text -> {
            int[] ids = expected.encode(text, true);
            assertArrayEquals(ids, actual.encode(text, true), text);
            assertArrayEquals(expected.encode(text, false), actual.encode(text, false), text);
            assertEquals(expected.decode(ids, true), actual.decode(ids, true), text);
            assertEquals(expected.decode(ids, false), actual.decode(ids, false), text);
        });
        assertEquals(expected.special().bos(), actual.special().bos());
        assertEquals(expected.special().eos().getFirst(), actual.special().eos().getFirst());
        for (int id : new int[] {0, 1, 2, 3, 100, 1000}) {
            assertEquals(expected.isSpecial(id), actual.isSpecial(id), "special " + id);
        }
    }

    private Path write(GgufBytes file) throws IOException {
        return Files.write(folder.resolve("vocabulary.gguf"), file.bytes());
    }

    /// Made by llama.cpp's converter.
    @Test
    void convertedFileIsTheOriginalTokenizer() throws IOException {
        try (Tokenizer original = Tokenizers.load(Repository.path("models/story-falcon-h1"));
                Tokenizer converted = Tokenizers.load(Repository.path("testdata/gguf/vocab/story.gguf"))) {
            assertSame(original, converted);
            assertEquals(original.size(), converted.size());
            assertEquals("<|endoftext|>", converted.piece(2));
            assertEquals("<|startoftext|>", converted.special().names().get("bos_token"));
        }
    }

    @Test
    void bytePairsAreThoseOfTheOriginal() throws IOException {
        Path source = Repository.path("testdata/tokenizers/gpt-neox-20B_tokenizer.json");
        JsonNode json = Json.readObject(source);
        JsonNode vocabulary = json.path("model").path("vocab");
        // padded like Mamba's
        List<String> tokens = new ArrayList<>(IntStream.range(0, 50280).mapToObj(i -> "[PAD" + i + "]").toList());
        int[] types = IntStream.generate(() -> 5).limit(50280).toArray();
        vocabulary.properties().forEach(entry -> {
            tokens.set(entry.getValue().intValue(), entry.getKey());
            types[entry.getValue().intValue()] = 1;
        });
        json.path("added_tokens").forEach(token -> {
            tokens.set(token.path("id").intValue(), token.path("content").textValue());
            types[token.path("id").intValue()] = token.path("special").booleanValue() ? 3 : 4;
        });
        List<String> merges = new ArrayList<>();
        json.path("model").path("merges").forEach(merge -> merges.add(merge.isTextual() ? merge.textValue()
                : merge.get(0).textValue() + " " + merge.get(1).textValue()));
        Path file = write(new GgufBytes().text("general.architecture", "mamba").text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", "olmo").texts("tokenizer.ggml.tokens", tokens).int32s("tokenizer.ggml.token_type", types)
                .texts("tokenizer.ggml.merges", merges).uint32("tokenizer.ggml.bos_token_id", 0)
                .uint32("tokenizer.ggml.eos_token_id", 0));
        Path original = Files.createDirectory(folder.resolve("original"));
        Files.copy(source, original.resolve("tokenizer.json"));
        Files.writeString(original.resolve("tokenizer_config.json"), "{\"bos_token\": \"<|endoftext|>\", \"eos_token\": \"<|endoftext|>\"}");
        try (Tokenizer expected = Tokenizers.load(original); Tokenizer actual = Tokenizers.load(file)) {
            assertSame(expected, actual);
        }
    }

    @Test
    void sentencePieceIsTheOriginal() throws IOException {
        Path source = Repository.path("testdata/tokenizers/mistral_tokenizer.model.v1");
        SentencePieceModel model = SentencePieceModel.parse(Files.readAllBytes(source), source.toString());
        float[] scores = new float[model.pieces().size()];
        int[] types = new int[scores.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = model.pieces().get(i).score();
            types[i] = switch (model.pieces().get(i).type()) {
                case NORMAL -> 1;
                case UNKNOWN -> 2;
                case CONTROL -> 3;
                case USER_DEFINED -> 4;
                case UNUSED -> 5;
                case BYTE -> 6;
            };
        }
        Path file = write(new GgufBytes().text("general.architecture", "llama").text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", model.pieces().stream().map(SentencePieceModel.Piece::text).toList())
                .float32s("tokenizer.ggml.scores", scores).int32s("tokenizer.ggml.token_type", types)
                .uint32("tokenizer.ggml.bos_token_id", 1).uint32("tokenizer.ggml.eos_token_id", 2)
                .uint32("tokenizer.ggml.unknown_token_id", 0).flag("tokenizer.ggml.add_bos_token", true));
        try (Tokenizer expected = Tokenizers.loadFile(source); Tokenizer actual = Tokenizers.load(file)) {
            assertSame(expected, actual);
        }
    }

    /// Pieces as Python's `repr` writes bytes, without the quotes.
    private static String literal(byte[] piece) {
        StringBuilder text = new StringBuilder();
        String ascii = new String(piece, StandardCharsets.ISO_8859_1);
        boolean doubleQuoted = ascii.contains("'") && !ascii.contains("\"");
        for (byte b : piece) {
            switch (b) {
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\\' -> text.append("\\\\");
                case '\'' -> text.append(doubleQuoted ? "'" : "\\'");
                default -> text.append(b >= 0x20 && b < 0x7f ? String.valueOf((char) b) : String.format("\\x%02x", b & 0xff));
            }
        }
        return text.toString();
    }

    @Test
    void rwkvIsTheOriginal() throws IOException {
        Path source = Repository.path("testdata/tokenizers/rwkv_vocab_v20230424.txt");
        List<String> tokens = new ArrayList<>(List.of("<s>"));
        for (String line : Files.readAllLines(source)) {
            tokens.add(literal(PythonLiteral.bytes(line.substring(line.indexOf(' ') + 1, line.lastIndexOf(' ')))));
        }
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        types[0] = 3;
        Path file = write(new GgufBytes().text("general.architecture", "rwkv7").text("tokenizer.ggml.model", "rwkv")
                .texts("tokenizer.ggml.tokens", tokens).int32s("tokenizer.ggml.token_type", types)
                .uint32("tokenizer.ggml.bos_token_id", 0).uint32("tokenizer.ggml.eos_token_id", 0)
                .uint32("tokenizer.ggml.eot_token_id", 261));
        try (Tokenizer expected = Tokenizers.loadFile(source); Tokenizer actual = Tokenizers.load(file)) {
            assertSame(expected, actual);
            assertEquals(List.of(0, 261), List.copyOf(actual.special().eos()));
            assertEquals("\n\n", actual.piece(261));
        }
    }

    /// `LLAMA_CPP` names a checkout of llama.cpp: its vocabularies come with texts and what they become.
    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "llama-bpe", "qwen2", "qwen35", "refact", "starcoder", "mpt", "falcon", "command-r", "llama-spm", "phi-3"})
    void vocabulariesOfLlamaCpp(String name) throws IOException {
        String checkout = Optional.ofNullable(System.getenv("LLAMA_CPP")).orElse("");
        assumeTrue(!checkout.isEmpty(), "LLAMA_CPP is not set");
        Path file = Path.of(checkout, "models", "ggml-vocab-" + name + ".gguf");
        String[] inputs = Files.readString(Path.of(file + ".inp")).split("\n__ggml_vocab_test__\n", -1);
        String[] outputs = Files.readString(Path.of(file + ".out")).split("\n", -1);
        try (Tokenizer tokenizer = Tokenizers.load(file)) {
            for (int i = 0; i < Math.min(inputs.length, outputs.length); i++) {
                int[] expected = Arrays.stream(outputs[i].trim().split("\\s+")).filter(id -> !id.isEmpty()).mapToInt(Integer::parseInt).toArray();
                assertArrayEquals(expected, tokenizer.encode(inputs[i], false), inputs[i]);
            }
        }
    }

    private static GgufBytes small(String model) {
        return new GgufBytes().text("general.architecture", "mamba").text("tokenizer.ggml.model", model)
                .texts("tokenizer.ggml.tokens", List.of("<unk>", "a", "b", "ab", "<|im_end|>", "<|user|>"))
                .int32s("tokenizer.ggml.token_type", 2, 1, 1, 1, 3, 4).texts("tokenizer.ggml.merges", List.of("a b"))
                .uint32("tokenizer.ggml.bos_token_id", 0).uint32("tokenizer.ggml.eos_token_id", 3);
    }

    @Test
    void flagsTypesAndEndsOfTurns() throws IOException {
        Path file = write(small("gpt2").text("tokenizer.ggml.pre", "gpt-2").flag("tokenizer.ggml.add_bos_token", true)
                .flag("tokenizer.ggml.add_eos_token", true)
                .text("tokenizer.chat_template", "{{ bos_token }}{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}"));
        try (Tokenizer tokenizer = Tokenizers.load(file)) {
            assertArrayEquals(new int[] {0, 3, 4, 5, 1, 3}, tokenizer.encode("ab<|im_end|><|user|>a", true));
            assertEquals("ab<|user|>", tokenizer.decode(new int[] {3, 4, 5}, true));
            assertEquals(List.of(3, 4), List.copyOf(tokenizer.special().eos()));
        }
        assertEquals("<unk>hi<|im_end|>", ChatTemplate.load(file).orElseThrow().render(List.of(Message.of("user", "hi")), List.of(),
                true, Map.of()));
    }

    @Test
    void errorsSayWhatIsWrong() throws IOException {
        refused(new GgufBytes().text("tokenizer.ggml.model", "none"), "holds no tokenizer");
        refused(small("bert"), "tokenizer.ggml.model is \"bert\", expected gpt2, llama or rwkv");
        refused(small("gpt2").text("tokenizer.ggml.pre", "blorb"), "tokenizer.ggml.pre is \"blorb\", known are a.x-4.0, ");
        refused(new GgufBytes().text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", List.of("a", "a")),
                "the token \"a\" occurs twice");
        refused(new GgufBytes().text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", List.of("a", "b"))
                .texts("tokenizer.ggml.merges", List.of("a b")), "tokenizer.ggml.merges[0] is \"a b\", expected two tokens that make a third");
        refused(new GgufBytes().text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", List.of("a"))
                .float32s("tokenizer.ggml.scores", 1, 2), "tokenizer.ggml.scores has 2 entries, expected one for each of 1 tokens");
        refused(new GgufBytes().text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", List.of("a"))
                .uint32("tokenizer.ggml.eos_token_id", 7), "tokenizer.ggml.eos_token_id is 7, there are 1 tokens");
        refused(new GgufBytes().text("tokenizer.ggml.model", "rwkv").texts("tokenizer.ggml.tokens", List.of("<s>", "\\q")),
                "tokenizer.ggml.tokens[1]: found b'\\q', expected a Python string literal");
    }

    private void refused(GgufBytes content, String message) throws IOException {
        Path file = write(content);
        CheckpointException error = assertThrows(CheckpointException.class, () -> {
            try (GgufFile gguf = GgufFile.open(file)) {
                GgufTokenizers.of(gguf.values()).close();
            }
        });
        assertTrue(error.getMessage().contains(message) && error.getMessage().startsWith(file.toString()), error.getMessage());
    }
}
