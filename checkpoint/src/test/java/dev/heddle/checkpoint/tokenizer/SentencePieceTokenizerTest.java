package dev.heddle.checkpoint.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SentencePieceTokenizerTest {
    private static final Path MODELS = Repository.path("testdata/tokenizers/sentencepiece");
    private static final Path MISTRAL = Repository.path("testdata/tokenizers/mistral_tokenizer.model.v1");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"mistral-v1", "unigram", "unigram-bytes-suffix", "bpe", "bpe-bytes-plain"})
    void agreesWithTheReferenceImplementation(String name) {
        SentencePieceTokenizer tokenizer = tokenizer(name);
        JsonNode expected = Json.read(MODELS.resolve(name + ".json"));
        assertEquals(expected.path("size").intValue(), tokenizer.size());
        assertTrue(expected.path("encode").size() > 200);
        for (JsonNode item : expected.path("encode")) {
            String text = item.get(0).textValue();
            int[] ids = ids(item.get(1));
            assertArrayEquals(ids, tokenizer.encodeStretch(text, true), () -> name + ": " + item.get(0));
            assertEquals(item.get(2).textValue(), tokenizer.decode(ids), () -> name + ": " + item.get(1));
        }
        for (JsonNode item : expected.path("decode")) {
            assertEquals(item.get(1).textValue(), tokenizer.decode(ids(item.get(0))), () -> name + ": " + item.get(0));
        }
    }

    @Test
    void mistralAddsBosAndFindsControlTokensInText() {
        SentencePieceTokenizer tokenizer = tokenizer("mistral-v1");
        assertArrayEquals(new int[] {1, 22557, 28725, 1526, 28808}, tokenizer.encode("Hello, world!", true));
        // published for Mistral's instruction format
        assertArrayEquals(new int[] {1, 733, 16289, 28793, 15359, 733, 28748, 16289, 28793, 22557, 2},
                tokenizer.encode("<s>[INST] Hi [/INST] Hello</s>", false));
        assertEquals(1, tokenizer.special().bos().orElseThrow());
        assertEquals(Set.of(2), tokenizer.special().eos());
        assertTrue(tokenizer.special().pad().isEmpty());
        assertEquals("<s>", tokenizer.special().names().get("bos_token"));
        assertEquals("</s>", tokenizer.special().names().get("eos_token"));
        assertTrue(tokenizer.isSpecial(0) && tokenizer.isSpecial(1) && tokenizer.isSpecial(2));
        assertFalse(tokenizer.isSpecial(3));
        assertEquals("<0x0A>", tokenizer.piece(13));
        assertEquals(22557, tokenizer.id("▁Hello").orElseThrow());
        assertEquals("Hello", tokenizer.decode(new int[] {1, 22557, 2}, true));
        assertEquals("<s> Hello</s>", tokenizer.decode(new int[] {1, 22557, 2}, false));
    }

    @Test
    void settingsComeFromTheFilesBesideTheModel() throws IOException {
        Files.copy(MISTRAL, folder.resolve("tokenizer.model"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"add_bos_token": false, "add_eos_token": true, "legacy": false, "bos_token": {"content": "<s>"},
                 "eos_token": "</s>", "added_tokens_decoder": {"32000": {"content": "<|im_start|>", "special": true},
                 "32001": {"content": "<|tool|>", "special": false}}}""");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 32000]}");
        try (Tokenizer tokenizer = Tokenizers.load(folder)) {
            assertEquals(32002, tokenizer.size());
            assertEquals(Set.of(2, 32000), tokenizer.special().eos());
            // the word after a special token keeps no dummy space, so "Hello" is another piece than "▁Hello"
            int[] ids = tokenizer.encode("<|im_start|>Hello<|tool|>", true);
            assertArrayEquals(new int[] {32000, tokenizer.id("Hello").orElseThrow(), 32001, 2}, ids);
            assertEquals("Hello<|tool|>", tokenizer.decode(ids));
            assertEquals("<|im_start|>Hello<|tool|></s>", tokenizer.decode(ids, false));
            assertTrue(tokenizer.isSpecial(32000));
            assertFalse(tokenizer.isSpecial(32001));
            assertArrayEquals(new int[] {22557, 2}, tokenizer.encode("Hello", true));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistral-v1", "unigram", "bpe-bytes-plain"})
    void streamsGiveTheSameTextAsDecodingAtOnce(String name) {
        SentencePieceTokenizer tokenizer = tokenizer(name);
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            int[] ids = random.ints(1 + random.nextInt(20), 0, round % 2 == 0 ? tokenizer.size() : 270).toArray();
            TokenStream stream = tokenizer.stream();
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                text.append(stream.feed(id));
            }
            text.append(stream.finish());
            assertEquals(tokenizer.decode(ids), text.toString(), () -> Arrays.toString(ids));
        }
    }

    @Test
    void aStreamAfterContextKeepsTheLeadingSpace() {
        SentencePieceTokenizer tokenizer = tokenizer("mistral-v1");
        assertEquals("Hello", tokenizer.stream().feed(22557));
        assertEquals(" Hello", tokenizer.stream(new int[] {1, 22557}, true).feed(22557));
        TokenStream bytes = tokenizer.stream();
        // 😀 as byte pieces F0 9F 98 80
        assertEquals("", bytes.feed(3 + 0xF0));
        assertEquals("", bytes.feed(3 + 0x9F));
        assertEquals("", bytes.feed(3 + 0x98));
        assertEquals("😀", bytes.feed(3 + 0x80));
        assertEquals("", bytes.feed(3 + 0xF0));
        assertEquals("\uFFFD", bytes.finish());
    }

    @Test
    void acceptsEveryText() {
        SentencePieceTokenizer tokenizer = tokenizer("mistral-v1");
        assertArrayEquals(new int[] {1}, tokenizer.encode("", true));
        assertEquals("a\uFFFDb", tokenizer.decode(tokenizer.encode("a\uD83Db", true)));
        assertEquals("\uFFFD", tokenizer.decode(tokenizer.encode("\uDE00", true)));
        String longText = "word 😀\n".repeat(40_000);
        assertEquals(longText, tokenizer.decode(tokenizer.encode(longText, true)));
        assertEquals("", tokenizer.decode(40_000));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.piece(32_000));
    }

    @Test
    void damagedModelsAreErrorsThatNameTheFile() throws IOException {
        byte[] good = Files.readAllBytes(MODELS.resolve("unigram.model"));
        Random random = new Random(11);
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bad = Arrays.copyOf(good, round % 2 == 0 ? random.nextInt(good.length) : good.length);
            for (int change = random.nextInt(4); change >= 0 && bad.length > 0; change--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            try {
                // whatever is still read as a model must also work
                SentencePieceTokenizer tokenizer = SentencePieceTokenizer.of(folder,
                        SentencePieceModel.parse(bad, "bad.model"), "bad.model");
                tokenizer.decode(tokenizer.encode("The old king ① ﬁ é said", true));
            } catch (CheckpointException e) {
                refused++;
                assertTrue(e.getMessage().startsWith("bad.model: "), e.getMessage());
            }
        }
        assertTrue(refused > 1000, "refused " + refused);
    }

    private SentencePieceTokenizer tokenizer(String name) {
        return SentencePieceTokenizer.load(folder, name.equals("mistral-v1") ? MISTRAL : MODELS.resolve(name + ".model"));
    }

    private static int[] ids(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
    }
}
