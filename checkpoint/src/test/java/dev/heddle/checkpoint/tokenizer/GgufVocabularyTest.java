package dev.heddle.checkpoint.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A tokenizer written as metadata gives the same tokens when it is read back.
class GgufVocabularyTest {
    private static final List<String> TEXTS = List.of("", "Once upon a time, there was a girl.", "  two  spaces\n\n\tand a tab ",
            "don't 12345 3.14", "Größe, 東京 и ещё — \"quotes\" \\n", "emoji 🙂🙂 and \u0000 byte", "def f(x):\n    return x**2");

    @TempDir
    Path folder;

    private void same(Path model, int vocabulary) {
        GgufVocabulary.Described described = GgufVocabulary.of(model, vocabulary);
        assertEquals(Optional.empty(), described.remark());
        try (Tokenizer original = Tokenizers.load(model); Tokenizer read = GgufTokenizers.of(new GgufMetadata("here", described.values()))) {
            for (String text : TEXTS) {
                assertArrayEquals(original.encode(text, true), read.encode(text, true), text);
                int[] ids = original.encode(text, false);
                assertEquals(original.decode(ids, true), read.decode(ids, true));
            }
            assertEquals(original.special().bos(), read.special().bos());
            assertEquals(original.special().eos().getFirst(), read.special().eos().getFirst());
        }
    }

    private Path copied(String file, String name) throws IOException {
        Files.copy(Repository.path("testdata/tokenizers/" + file), folder.resolve(name));
        return folder;
    }

    @Test
    void bytePairs() {
        same(Repository.path("models/story-falcon-h1"), 4096);
    }

    @Test
    void bytePairsOfComposedTexts() throws IOException {
        Path model = copied("gpt-neox-20B_tokenizer.json", "tokenizer.json");
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}""");
        same(model, 50280);
    }

    @Test
    void sentencePiece() throws IOException {
        same(copied("mistral_tokenizer.model.v1", "tokenizer.model"), 32000);
    }

    @Test
    void rwkv() throws IOException {
        same(copied("rwkv_vocab_v20230424.txt", "rwkv_vocab_v20230424.txt"), 65536);
    }

    @Test
    void noTokenizer() {
        GgufVocabulary.Described described = GgufVocabulary.of(folder, 128);
        assertEquals("none", new GgufMetadata("here", described.values()).text("tokenizer.ggml.model").orElseThrow());
        assertEquals(Optional.empty(), described.remark());
    }

    @Test
    void anUnknownWayOfCuttingIsSaid() throws IOException {
        String json = Files.readString(Repository.path("models/story-falcon-h1/tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer.json"), json.replaceFirst("\"add_prefix_space\": *false", "\"add_prefix_space\": true"));
        assertTrue(GgufVocabulary.of(folder, 4096).remark().orElseThrow().contains("has no name in GGUF"));
    }

    @Test
    void bytesAsPythonWritesThem() {
        assertEquals("it's", GgufVocabulary.literal("it's".getBytes(StandardCharsets.UTF_8)));
        assertEquals("\\\\ \\'\"\\n\\t\\x00\\xc3\\xa4", GgufVocabulary.literal("\\ '\"\n\t\0ä".getBytes(StandardCharsets.UTF_8)));
    }
}
