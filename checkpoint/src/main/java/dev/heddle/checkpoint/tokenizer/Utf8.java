package dev.heddle.checkpoint.tokenizer;

/// Turns bytes that arrive in pieces into text. Each byte that belongs to no character becomes one U+FFFD, which is
/// SentencePiece's rule (Java's decoder would give one for a whole truncated sequence).
final class Utf8 {
    private final byte[] held = new byte[4];
    private int count;

    /// Takes a byte; appends to `out` whatever is now certain.
    void feed(byte next, StringBuilder out) {
        held[count++] = next;
        drain(out);
    }

    /// True if the bytes of a character have begun and not ended.
    boolean pending() {
        return count > 0;
    }

    /// Gives up on the bytes held back.
    void finish(StringBuilder out) {
        while (count > 0) {
            out.append('\uFFFD');
            drop(1);
            drain(out);
        }
    }

    private void drain(StringBuilder out) {
        while (count > 0) {
            int need = length(held[0]);
            int valid = 1;
            while (valid < count && valid < need && continues(valid)) {
                valid++;
            }
            if (need > 0 && valid == need) {
                out.appendCodePoint(codePoint(need));
                drop(need);
            } else if (need == 0 || valid < count) {
                out.append('\uFFFD');
                drop(1);
            } else {
                return;
            }
        }
    }

    private static int length(byte lead) {
        int b = lead & 0xFF;
        return b < 0x80 ? 1 : b < 0xC2 ? 0 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 0;
    }

    /// Whether the byte at `index` can follow the ones before it; the second byte's range excludes overlong forms,
    /// surrogates and numbers above U+10FFFF.
    private boolean continues(int index) {
        int b = held[index] & 0xFF;
        int low = 0x80;
        int high = 0xBF;
        if (index == 1) {
            switch (held[0] & 0xFF) {
                case 0xE0 -> low = 0xA0;
                case 0xED -> high = 0x9F;
                case 0xF0 -> low = 0x90;
                case 0xF4 -> high = 0x8F;
                default -> { }
            }
        }
        return b >= low && b <= high;
    }

    private int codePoint(int length) {
        int value = length == 1 ? held[0] : held[0] & 0x7F >> length;
        for (int i = 1; i < length; i++) {
            value = value << 6 | held[i] & 0x3F;
        }
        return value;
    }

    private void drop(int bytes) {
        System.arraycopy(held, bytes, held, 0, count - bytes);
        count -= bytes;
    }
}
