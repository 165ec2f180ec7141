package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SentenceEndTest {
    private static SentenceEnd after(String text) {
        SentenceEnd end = new SentenceEnd();
        for (String piece : text.split("(?<=\\s)|(?=[.!?])")) {
            end.feed(piece);
        }
        return end;
    }

    @ParameterizedTest
    @ValueSource(strings = {"He went home.", "Why? ", "\"Go!\"", "'Go!' he cried.", "It was the king's.", "(At last.)", "“Yes.”",
        "She said: \"No.\"\n\n", "An open \"quote in a paragraph before.\n\nThen an end.", "So it was…", "the dogs' house."})
    void reached(String text) {
        assertTrue(after(text).reached(), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "He went", "He said: \"Go.", "“Yes.", "'Go home.", "said Mr.", "said J.", "one, two,", "\"", "end.\n\nThen a"})
    void notReached(String text) {
        assertFalse(after(text).reached(), text);
    }

    @ParameterizedTest
    @CsvSource({"He said: \"Go., true", "said Mr., false", "He went, false"})
    void terminatedWithinAQuotation(String text, boolean expected) {
        assertEquals(expected, after(text).terminated());
    }

    @Test
    void aPieceMayHoldAnything() {
        SentenceEnd end = new SentenceEnd();
        end.feed("One \"open\n\nTwo");
        assertFalse(end.reached());
        end.feed(". ");
        assertTrue(end.reached());
    }
}
