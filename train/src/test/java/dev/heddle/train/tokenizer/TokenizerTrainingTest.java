package dev.heddle.train.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.train.data.DataException;
import dev.heddle.train.data.DocumentSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTrainingTest {
    private static final SpecialNames NONE = new SpecialNames(Optional.empty(), Optional.empty(), Optional.empty(), List.of());
    private static final TokenizerTraining.Listener SILENT = new TokenizerTraining.Listener() {
        @Override
        public void reading(String corpus, long characters, int pieces) {
        }

        @Override
        public void merged(int vocabulary, int wanted) {
        }
    };

    @TempDir
    Path folder;

    private TrainedTokenizer train(String text, int vocabulary, SpecialNames special, long least) throws IOException {
        Path file = Files.writeString(folder.resolve("corpus.txt"), text);
        return TokenizerTraining.train(List.of(new DocumentSource(file, "text")), vocabulary, special, least, SILENT);
    }

    /// The words of Sennrich et al. 2016, here without an end-of-word sign and each but the first with its space: low ×5,
    /// lower ×2, newest ×6, widest ×3.
    ///
    /// `es` and `st` occur 9 times, `e` has the smaller id; then `es t` 9. `lo` and `ow` occur 7 times, then `lo w` 7. With 6 there are
    /// `Ġ n`, `n e`, `e w`, `w est`, `Ġ low`; of `e`, `n`, `w`, `Ġ` the ids rise in this order, and Ġ's is below those of merged tokens.
    @Test
    void mergesAreThoseFoundByHand() throws IOException {
        String text = "low" + " low".repeat(4) + " lower".repeat(2) + " newest".repeat(6) + " widest".repeat(3);
        TrainedTokenizer trained = train(text, 256 + 9, NONE, 2);
        assertEquals(List.of("e s", "es t", "l o", "lo w", "e w", "n ew", "Ġ low", "Ġ new", "Ġnew est"), trained.merges());
    }

    @Test
    void repeatedLettersAreCountedAsTheyStand() throws IOException {
        // "aaaaa" twice: aa ×8 → [aa aa a]: (aa, aa) and (aa, a) ×2, and a's id is the smaller right one
        assertEquals(List.of("a a", "aa a", "aa aaa"), train("aaaaa\naaaaa", 256 + 9, NONE, 2).merges());
    }

    @Test
    void mergingStopsWhereNothingOccursOftenEnough() throws IOException {
        assertEquals(256, train("abc", 300, NONE, 2).size());
        assertEquals(258, train("abc", 300, NONE, 1).size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Once upon a time", "a  b\t\tc \r\nd\r\n\r\n e", "naïve café, Ⅷ ½ ٣", "🙂👩‍👩‍👧 🇩🇪", "\u0000\u0001\u007f\u0085\u00a0\u00ad",
        "it's we'll I'D  ", "日本語テキスト", "\ufeffx\ufffd", " ", "ĠĊ Ā ÿ"})
    void whatIsEncodedIsDecodedToTheSameText(String text) throws IOException {
        TrainedTokenizer trained = train("Once upon a time 🙂 naïve café\n\n日本語 \t x".repeat(20), 400, SpecialNames.USUAL, 2);
        trained.write(folder.resolve("out"));
        try (Tokenizer tokenizer = Tokenizers.load(folder.resolve("out"))) {
            assertEquals(text, tokenizer.decode(tokenizer.encode(text, true), true));
            assertEquals(trained.size(), tokenizer.size());
        }
    }

    @Test
    void specialTokensStandFirstAndTheBeginTokenIsPutBefore() throws IOException {
        SpecialNames special = new SpecialNames(Optional.of("<|pad|>"), Optional.of("<s>"), Optional.of("</s>"), List.of("<|user|>"));
        train("hello hello hello <|user|> hello", 300, special, 2).write(folder.resolve("out"));
        try (Tokenizer tokenizer = Tokenizers.load(folder.resolve("out"))) {
            int hello = tokenizer.id("hello").orElseThrow();
            assertArrayEquals(new int[] {1, hello, 3, hello}, tokenizer.encode("hello<|user|>hello", true));
            assertEquals(1, tokenizer.special().bos().orElseThrow());
            assertEquals(2, tokenizer.special().eos().getFirst());
            assertEquals(0, tokenizer.special().pad().orElseThrow());
            assertTrue(tokenizer.isSpecial(3));
            // neither "user" nor the signs around it were learned from the marker
            assertTrue(tokenizer.id("user").isEmpty());
            assertTrue(tokenizer.id("<|").isEmpty());
        }
    }

    @Test
    void theOrderOfDocumentsDoesNotMatter() throws IOException {
        List<String> documents = List.of("the cat sat on the mat", "a bat and a rat", "that hat, this hat");
        byte[] first = bytes(String.join(DocumentSource.SEPARATOR, documents));
        assertArrayEquals(first, bytes(String.join(DocumentSource.SEPARATOR, documents.reversed())));
        assertArrayEquals(first, bytes(String.join(DocumentSource.SEPARATOR, documents)));
    }

    private byte[] bytes(String text) throws IOException {
        train(text, 290, SpecialNames.USUAL, 2).write(folder.resolve("out"));
        return Files.readAllBytes(folder.resolve("out/tokenizer.json"));
    }

    @Test
    void badInputIsRefused() throws IOException {
        assertMessage("too small", () -> train("text", 258, SpecialNames.USUAL, 2));
        assertMessage("no text", () -> train("  \n ", 300, NONE, 2));
        assertMessage("at least once", () -> train("text", 300, NONE, 0));
        assertMessage("all different", () -> new SpecialNames(Optional.of("<s>"), Optional.of("<s>"), Optional.empty(), List.of()));
        assertMessage("two characters", () -> new SpecialNames(Optional.of("a"), Optional.empty(), Optional.empty(), List.of()));
        Path latin = Files.write(folder.resolve("latin.txt"), "café".getBytes(StandardCharsets.ISO_8859_1));
        assertMessage("UTF-8", () -> TokenizerTraining.train(List.of(new DocumentSource(latin, "text")), 300, NONE, 2, SILENT));
    }

    private static void assertMessage(String part, Executable executable) {
        DataException thrown = assertThrows(DataException.class, executable);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
}
