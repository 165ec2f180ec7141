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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceTokenizerTest {
    private static final Path STORY = Repository.path("models/story-falcon-h1");
    private static final Path NEOX = Repository.path("testdata/tokenizers/gpt-neox-20B_tokenizer.json");

    @TempDir
    Path folder;

    @Test
    void theBundledModelGetsItsGoldenPrompts() {
        try (Tokenizer tokenizer = Tokenizers.load(STORY)) {
            JsonNode samples = Json.read(STORY.resolve("golden.json")).path("samples");
            assertTrue(samples.size() > 0);
            samples.properties().forEach(sample -> {
                int[] ids = ids(sample.getValue().path("prompt_ids"));
                assertArrayEquals(ids, tokenizer.encode(sample.getKey(), true), sample.getKey());
                assertEquals(sample.getKey(), tokenizer.decode(ids));
                int[] greedy = ids(sample.getValue().path("greedy_ids"));
                assertEquals(sample.getValue().path("greedy").textValue(), tokenizer.decode(greedy));
                assertEquals(sample.getValue().path("greedy").textValue(), streamed(tokenizer, greedy));
            });
            assertEquals(1, tokenizer.special().bos().orElseThrow());
            assertEquals(Set.of(2), tokenizer.special().eos());
            assertEquals(0, tokenizer.special().pad().orElseThrow());
            assertEquals("<|startoftext|>", tokenizer.special().names().get("bos_token"));
            assertEquals(4096, tokenizer.size());
            assertEquals("<|endoftext|>", tokenizer.piece(2));
            assertEquals(2, tokenizer.id("<|endoftext|>").orElseThrow());
            assertTrue(tokenizer.isSpecial(2) && tokenizer.isEndOfSequence(2));
            assertFalse(tokenizer.isSpecial(3));
        }
    }

    @Test
    void gptNeoxAgreesWithPublishedEncodings() {
        try (Tokenizer tokenizer = Tokenizers.loadFile(NEOX)) {
            check(tokenizer, "Hello world", 12092, 1533);
            check(tokenizer, "Hello world! This is a", 12092, 1533, 2, 831, 310, 247);
            check(tokenizer, "Hey how are you doing?", 8262, 849, 403, 368, 2509, 32);
            check(tokenizer, "<|prompt|>", 29, 93, 43274, 49651);
            check(tokenizer, " leading space", 4283, 2317);
            check(tokenizer, "Multi\nline\ttext", 22495, 187, 1282, 186, 1156);
            // runs of spaces are added tokens that are no special ones
            check(tokenizer, "a" + " ".repeat(24) + "b", 66, 50254, 67);
            check(tokenizer, "<|endoftext|>a", 0, 66);
            assertEquals("a", tokenizer.decode(0, 66));
            assertEquals(50277, tokenizer.size());
            assertEquals("ĠThis", tokenizer.piece(831));
            assertTrue(tokenizer.special().bos().isEmpty());
        }
    }

    private static void check(Tokenizer tokenizer, String text, int... ids) {
        assertArrayEquals(ids, tokenizer.encode(text, true), text);
        assertEquals(text, tokenizer.decode(ids, false));
        assertEquals(text, streamed(tokenizer, false, ids));
    }

    @Test
    void everyTextComesBack() throws IOException {
        try (Tokenizer tokenizer = Tokenizers.load(STORY)) {
            Random random = new Random(9);
            for (int round = 0; round < 200; round++) {
                String text = random.ints(random.nextInt(60), 0, round % 2 == 0 ? 0x300 : 0x20000)
                        .filter(c -> c < 0xD800 || c >= 0xE000)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
                int[] ids = tokenizer.encode(text, false);
                assertEquals(text, tokenizer.decode(ids), () -> escaped(text));
                assertEquals(text, streamed(tokenizer, ids), () -> escaped(text));
            }
            assertArrayEquals(new int[] {1}, tokenizer.encode("", true));
            assertArrayEquals(new int[0], tokenizer.encode("", false));
            assertEquals("", tokenizer.decode());
            assertEquals("a\uFFFDb", tokenizer.decode(tokenizer.encode("a\uD83Db", false)));
            assertEquals("a\uFFFD\uFFFD", tokenizer.decode(tokenizer.encode("a\uDE00\uD83D", false)));
            String longText = Files.readString(STORY.resolve("validation.txt")).repeat(4);
            assertTrue(longText.equals(tokenizer.decode(tokenizer.encode(longText, false), false)));
            assertEquals("", tokenizer.decode(5000));
            assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(-1));
        }
    }

    @Test
    void streamsOfAnyTokensGiveTheTextOfDecodingAtOnce() {
        try (Tokenizer tokenizer = Tokenizers.load(STORY)) {
            Random random = new Random(2);
            for (int round = 0; round < 300; round++) {
                // the low ids are special tokens and single bytes, so this is mostly broken UTF-8
                int[] ids = random.ints(1 + random.nextInt(20), 0, round % 2 == 0 ? 4096 : 260).toArray();
                assertEquals(tokenizer.decode(ids), streamed(tokenizer, ids), () -> Arrays.toString(ids));
                assertEquals(tokenizer.decode(ids, false), streamed(tokenizer, false, ids), () -> Arrays.toString(ids));
            }
            int[] ends = new int[1000];
            Arrays.fill(ends, 2);
            assertEquals("", streamed(tokenizer, ends));
            int[] bytes = tokenizer.encode("😀", false);
            TokenStream stream = tokenizer.stream();
            for (int i = 0; i < bytes.length - 1; i++) {
                assertEquals("", stream.feed(bytes[i]));
            }
            assertEquals("😀", stream.feed(bytes[bytes.length - 1]));
            // a context that ends within a character
            TokenStream late = tokenizer.stream(Arrays.copyOf(bytes, bytes.length - 1), true);
            assertEquals("😀", late.feed(bytes[bytes.length - 1]));
        }
    }

    @Test
    void beginAndEndTokensFollowTheConfiguration() throws IOException {
        Files.copy(STORY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        int[] bare = {2013, 330, 667};
        assertArrayEquals(bare, encodeWith("{\"bos_token\": \"<|startoftext|>\"}"));
        assertArrayEquals(new int[] {1, 2013, 330, 667, 2}, encodeWith("""
                {"bos_token": {"content": "<|startoftext|>"}, "eos_token": "<|endoftext|>", "add_bos_token": true,
                 "add_eos_token": true}"""));
        assertArrayEquals(bare, encodeWith("{\"add_bos_token\": true}"));

        // a post-processor that adds a begin token, which the configuration may forbid
        String json = Files.readString(STORY.resolve("tokenizer.json"));
        int at = json.indexOf("\"post_processor\"");
        int end = json.indexOf("\"decoder\"");
        Files.writeString(folder.resolve("tokenizer.json"), json.substring(0, at) + """
                "post_processor": {"type": "TemplateProcessing",
                  "single": [{"SpecialToken": {"id": "<|startoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                  "special_tokens": {"<|startoftext|>": {"id": "<|startoftext|>", "ids": [1], "tokens": ["<|startoftext|>"]}}},
                """ + json.substring(end));
        assertArrayEquals(new int[] {1, 2013, 330, 667}, encodeWith("{\"bos_token\": \"<|startoftext|>\"}"));
        assertArrayEquals(new int[] {1, 2013, 330, 667},
                encodeWith("{\"bos_token\": \"<|startoftext|>\", \"add_bos_token\": true}"));
        assertArrayEquals(bare, encodeWith("{\"bos_token\": \"<|startoftext|>\", \"add_bos_token\": false}"));
    }

    private int[] encodeWith(String config) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        try (Tokenizer tokenizer = Tokenizers.load(folder)) {
            return tokenizer.encode("Once upon", true);
        }
    }

    @Test
    void endIdsComeFromAllFiles() throws IOException {
        Files.copy(STORY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("config.json"), """
                {"text_config": {"bos_token_id": 5, "eos_token_id": [6, 7], "pad_token_id": -1}}""");
        try (Tokenizer tokenizer = Tokenizers.load(folder)) {
            assertEquals(Set.of(6, 7), tokenizer.special().eos());
            assertEquals(5, tokenizer.special().bos().orElseThrow());
            assertTrue(tokenizer.special().pad().isEmpty());
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 9}");
        Files.writeString(folder.resolve("special_tokens_map.json"),
                "{\"eos_token\": {\"content\": \"<|endoftext|>\"}, \"pad_token\": \"<|pad|>\"}");
        try (Tokenizer tokenizer = Tokenizers.load(folder)) {
            assertEquals(Set.of(2, 9), tokenizer.special().eos());
            assertEquals(2, tokenizer.special().eos().getFirst());
            assertEquals(0, tokenizer.special().pad().orElseThrow());
        }
    }

    @Test
    void damagedFilesAreErrorsThatNameTheFile() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        for (String bad : new String[] {"", "{", "[]", "{\"version\": \"1.0\"}", "{\"added_tokens\": [{\"content\": \"x\"}]}",
                "{\"added_tokens\": [{\"id\": 99999999999, \"content\": \"x\"}]}", "not json",
                "{\"version\": \"1.0\", \"model\": {\"type\": \"Nonsense\"}}"}) {
            Files.writeString(file, bad);
            CheckpointException e = assertThrows(CheckpointException.class, () -> Tokenizers.load(folder), bad);
            assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        }
        Files.write(file, new byte[] {(byte) 0xFF, (byte) 0xFE});
        assertThrows(CheckpointException.class, () -> Tokenizers.load(folder));
    }

    @Test
    void aClosedTokenizerSaysSo() {
        Tokenizer tokenizer = Tokenizers.load(STORY);
        tokenizer.close();
        tokenizer.close();
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> tokenizer.encode("a", true));
        assertTrue(e.getMessage().contains("closed"), e.getMessage());
    }

    @Test
    void folderWithoutTokenizerSaysWhatWasLookedFor() throws IOException {
        CheckpointException none = assertThrows(CheckpointException.class, () -> Tokenizers.load(folder));
        assertEquals(folder + ": no tokenizer found, expected tokenizer.json, tokenizer.model or rwkv_vocab*.txt",
                none.getMessage());
        Files.createFile(folder.resolve("tokenizer.model.v1"));
        Files.createFile(folder.resolve("tokenizer.model.v3"));
        CheckpointException two = assertThrows(CheckpointException.class, () -> Tokenizers.load(folder));
        assertTrue(two.getMessage().contains("[tokenizer.model.v1, tokenizer.model.v3]"), two.getMessage());
        assertThrows(CheckpointException.class, () -> Tokenizers.load(folder.resolve("nowhere")));
        assertThrows(CheckpointException.class, () -> Tokenizers.loadFile(STORY.resolve("config.json")));
    }

    /// Encodes the argument with the bundled tokenizer.
    static final class Program {
        public static void main(String[] args) {
            try (Tokenizer tokenizer = Tokenizers.load(Path.of(args[0]))) {
                System.out.print(Arrays.toString(tokenizer.encode(args[1], true)));
            }
        }
    }

    @Test
    void aFreshProgramIsQuiet() throws IOException, InterruptedException {
        Path errors = folder.resolve("errors.txt");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Program.class.getName(), STORY.toString(), "Once upon").redirectError(errors.toFile()).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertEquals("[1, 2013, 330, 667]", output);
        assertEquals("", Files.readString(errors));
    }

    private static String streamed(Tokenizer tokenizer, int... ids) {
        return streamed(tokenizer, true, ids);
    }

    private static String streamed(Tokenizer tokenizer, boolean skipSpecial, int... ids) {
        TokenStream stream = tokenizer.stream(new int[0], skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.feed(id));
        }
        return text.append(stream.finish()).toString();
    }

    private static int[] ids(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.chars().forEach(c -> escaped.append(String.format("\\u%04X", c)));
        return escaped.toString();
    }
}
