package dev.heddle.engine.grammar;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The bytes that each token writes in the middle of a text.
///
/// What a token adds to the text before it is found by decoding. Where that is no whole character, the piece tells the
/// bytes: byte-level vocabularies write each byte as a letter (Radford et al. 2019, GPT-2), others as `<0x0A>`.
final class TokenBytes {
    private static final Pattern HEX = Pattern.compile("<0x([0-9A-F]{2})>");
    private static final String REPLACEMENT = "\uFFFD";
    private static final byte[] NONE = {};

    private final Tokenizer tokenizer;
    private final int anchor;
    private final String anchorText;

    private TokenBytes(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        int[] ids = tokenizer.encode("a", false);
        anchor = ids[ids.length - 1];
        anchorText = tokenizer.decode(anchor);
    }

    /// One entry for each id; nothing for special tokens and ids without text.
    static byte[][] of(Tokenizer tokenizer) {
        TokenBytes bytes = new TokenBytes(tokenizer);
        byte[][] all = new byte[tokenizer.size()][];
        for (int id = 0; id < all.length; id++) {
            all[id] = tokenizer.isSpecial(id) ? NONE : bytes.of(id);
        }
        return all;
    }

    private byte[] of(int id) {
        String piece = tokenizer.piece(id);
        Matcher hex = HEX.matcher(piece);
        if (hex.lookingAt() && piece.length() % 6 == 0) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            hex.reset();
            while (hex.find()) {
                out.write(Integer.parseInt(hex.group(1), 16));
            }
            return 6 * out.size() == piece.length() ? out.toByteArray() : NONE;
        }
        String text = tokenizer.decode(anchor, id);
        if (text.startsWith(anchorText) && !text.contains(REPLACEMENT)) {
            return text.substring(anchorText.length()).getBytes(StandardCharsets.UTF_8);
        }
        return fromLetters(piece);
    }

    /// The bytes of a piece whose characters each stand for one; nothing if one stands for none.
    private static byte[] fromLetters(String piece) {
        byte[] bytes = new byte[piece.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = value(piece.charAt(i));
            if (b < 0) {
                return NONE;
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }

    private static int value(char letter) {
        if (isVisible(letter)) {
            return letter;
        }
        // the bytes that are no visible character of Latin-1 have the letters from 256 on, in order
        int rank = letter - 256;
        for (int b = 0; b < 256 && rank >= 0; b++) {
            if (!isVisible(b) && rank-- == 0) {
                return b;
            }
        }
        return -1;
    }

    private static boolean isVisible(int c) {
        return c >= '!' && c <= '~' || c >= 0xA1 && c <= 0xAC || c >= 0xAE && c <= 0xFF;
    }
}
