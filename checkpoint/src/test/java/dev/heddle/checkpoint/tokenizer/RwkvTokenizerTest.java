package dev.heddle.checkpoint.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RwkvTokenizerTest {
    private static final Path FILE = Repository.path("testdata/tokenizers/rwkv_vocab_v20230424.txt");
    private static final Tokenizer TOKENIZER = Tokenizers.loadFile(FILE);

    @TempDir
    Path folder;

    @Test
    void agreesWithPublishedEncodings() {
        check("I'll 'd test блабла 以下は、]) -> <|endoftext|><|padding|> int", 74, 5229, 274, 101, 32223, 5092, 27980,
                2795, 27980, 33, 10399, 10258, 10139, 10079, 1682, 3463, 295, 125, 25258, 7588, 2318, 125, 790, 125,
                49520, 125, 63, 21888);
        check("Today is a beautiful day. 今天是美好的一天。", 33520, 4600, 332, 59219, 21509, 47, 33, 10381, 11639, 13091,
                15597, 11685, 14734, 10250, 11639, 10080);
        check("Hello, world!", 33155, 45, 40213, 34);
        check("emoji 😀🚀✨ test", 34295, 33, 3319, 153, 129, 3319, 155, 129, 10059, 32223);
        check("0 1 2 10 99 100", 49, 284, 285, 3483, 3572, 3483, 49);
    }

    private static void check(String text, int... ids) {
        assertArrayEquals(ids, TOKENIZER.encode(text, true), text);
        assertEquals(text, TOKENIZER.decode(ids));
    }

    @Test
    void agreesWithAGreedySearchOverAllPieces() throws IOException {
        // latin-1 strings stand for byte strings; the pieces come from the tokenizer's own decoding of bytes
        Map<String, Integer> pieces = new HashMap<>();
        for (String line : Files.readString(FILE).split("\n")) {
            int from = line.indexOf(' ');
            byte[] bytes = PythonLiteral.bytes(line.substring(from + 1, line.lastIndexOf(' ')));
            pieces.put(new String(bytes, StandardCharsets.ISO_8859_1), Integer.parseInt(line.substring(0, from)));
        }
        assertEquals(65529, pieces.size());
        int longest = pieces.keySet().stream().mapToInt(String::length).max().orElseThrow();
        Random random = new Random(3);
        String story = Files.readString(Repository.path("models/story-falcon-h1/validation.txt"));
        for (int round = 0; round < 300; round++) {
            String text;
            if (round % 2 == 0) {
                int at = random.nextInt(story.length() - 300);
                text = story.substring(at, at + random.nextInt(300));
            } else {
                text = random.ints(random.nextInt(40), 1, round % 3 == 0 ? 0x2000 : 0x20000)
                        .filter(c -> c < 0xD800 || c >= 0xE000)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
            }
            String bytes = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
            List<Integer> expected = new ArrayList<>();
            for (int at = 0; at < bytes.length();) {
                int length = Math.min(longest, bytes.length() - at);
                while (!pieces.containsKey(bytes.substring(at, at + length))) {
                    length--;
                }
                expected.add(pieces.get(bytes.substring(at, at + length)));
                at += length;
            }
            int[] ids = TOKENIZER.encode(text, false);
            assertArrayEquals(expected.stream().mapToInt(Integer::intValue).toArray(), ids, text);
            assertEquals(text, TOKENIZER.decode(ids));
        }
    }

    @Test
    void everyPieceIsOneTokenOrLongerGreedily() {
        int same = 0;
        for (int id = 257; id < TOKENIZER.size(); id++) {
            String piece = TOKENIZER.piece(id);
            if (!piece.startsWith("<0x")) {
                assertArrayEquals(new int[] {id}, TOKENIZER.encode(piece, false), piece);
                same++;
            }
        }
        assertTrue(same > 64_000, "only " + same);
    }

    @Test
    void endOfTextIsIdZero() {
        assertEquals(Set.of(0), TOKENIZER.special().eos());
        assertEquals(0, TOKENIZER.special().bos().orElseThrow());
        assertTrue(TOKENIZER.isEndOfSequence(0) && TOKENIZER.isSpecial(0));
        String name = TOKENIZER.special().names().get("eos_token");
        assertArrayEquals(new int[] {33155, 0, 33155}, TOKENIZER.encode("Hello" + name + "Hello", false));
        assertEquals("HelloHello", TOKENIZER.decode(33155, 0, 33155));
        assertEquals("Hello" + name + "Hello", TOKENIZER.decode(new int[] {33155, 0, 33155}, false));
        assertEquals(65530, TOKENIZER.size());
        assertEquals("Hello", TOKENIZER.piece(33155));
        assertEquals("<0xFF>", TOKENIZER.piece(256));
        assertEquals(33155, TOKENIZER.id("Hello").orElseThrow());
        assertTrue(TOKENIZER.id("Hello, nobody has this piece").isEmpty());
    }

    @Test
    void streamsHoldBackIncompleteCharacters() {
        TokenStream stream = TOKENIZER.stream();
        StringBuilder text = new StringBuilder();
        for (int id : TOKENIZER.encode("emoji 😀🚀", false)) {
            String fresh = stream.feed(id);
            assertTrue(fresh.indexOf('\uFFFD') < 0, fresh);
            text.append(fresh);
        }
        assertEquals("emoji 😀🚀", text.toString());
        assertEquals("", stream.feed(1 + 0xE4));
        assertEquals("\uFFFDA", stream.feed(1 + 'A'));
        assertEquals("", stream.feed(1 + 0xE4));
        assertEquals("\uFFFD", stream.finish());
    }

    @Test
    void acceptsEveryText() {
        assertArrayEquals(new int[0], TOKENIZER.encode("", true));
        assertEquals("a\uFFFDb", TOKENIZER.decode(TOKENIZER.encode("a\uD83Db", true)));
        String longText = "wörd 😀\n".repeat(100_000);
        assertEquals(longText, TOKENIZER.decode(TOKENIZER.encode(longText, true)));
        assertEquals("", TOKENIZER.decode(65_535));
        assertThrows(IllegalArgumentException.class, () -> TOKENIZER.decode(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> TOKENIZER.piece(65_530));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            257 'ab 2          | no matching quotes
            257 'ab' 3         | has 2 bytes, its length says 3
            257 'a'b' 3        | not escaped
            257 'a\\qb' 3      | escape \\q is unknown
            257 b'\\xe4\\u1234' 3 | escape \\u in a bytes literal
            257 'a\\x4' 2      | 2 hexadecimal digits
            257 '\\ud800' 3    | U+D800 is no character
            257 '' 0           | piece is empty
            x257 'ab' 2        | expected a number
            257 2              | expected ID LITERAL LENGTH
            99999999 'ab' 2    | expected a number
            256 'ab' 2         | id 256 occurs twice
            257 'a' 1          | piece is that of id 98 too
            """)
    void badLinesAreErrorsThatNameFileAndLine(String line, String message) throws IOException {
        Path file = folder.resolve("rwkv_vocab_bad.txt");
        String[] lines = Files.readString(FILE).split("\n");
        Files.writeString(file, String.join("\n", Arrays.copyOf(lines, 256)) + "\n" + line.strip() + "\n");
        CheckpointException e = assertThrows(CheckpointException.class, () -> Tokenizers.load(folder));
        assertTrue(e.getMessage().startsWith(file + " line 257: ") && e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void aVocabularyWithoutAllBytesIsAnError() throws IOException {
        Path file = folder.resolve("rwkv_vocab_bytes.txt");
        String[] lines = Files.readString(FILE).split("\n");
        Files.writeString(file, String.join("\n", Arrays.copyOf(lines, 255)));
        CheckpointException e = assertThrows(CheckpointException.class, () -> Tokenizers.load(folder));
        assertEquals(file + ": no piece is the single byte 255, expected one for each, so that every text can be"
                + " encoded", e.getMessage());
    }
}
