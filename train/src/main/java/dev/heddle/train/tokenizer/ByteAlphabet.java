package dev.heddle.train.tokenizer;

import java.nio.charset.StandardCharsets;

/// The byte alphabet of GPT-2 (Radford et al. 2019): each byte is written as one printable character, so that a vocabulary
/// of byte strings is a vocabulary of texts. Bytes that are printable in Latin-1 stand for themselves, the others become
/// U+0100, U+0101, … in the order of their values.
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();

    private ByteAlphabet() {
    }

    private static char[] characters() {
        char[] characters = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            characters[b] = printable ? (char) b : next++;
        }
        return characters;
    }

    /// The character of a byte, 0 ≤ `value` < 256.
    static char character(int value) {
        return CHARACTERS[value];
    }

    /// The UTF-8 bytes of `text`, each as its character.
    static String spell(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder spelled = new StringBuilder(utf8.length);
        for (byte b : utf8) {
            spelled.append(character(b & 0xff));
        }
        return spelled.toString();
    }
}
