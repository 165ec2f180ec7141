package dev.heddle.checkpoint.tokenizer;

/// Java strings may hold half of a surrogate pair; UTF-8 cannot.
final class WellFormed {
    private WellFormed() {
    }

    /// `text` with each lone surrogate replaced by U+FFFD.
    static String of(String text) {
        int bad = firstLone(text, 0);
        if (bad < 0) {
            return text;
        }
        StringBuilder fixed = new StringBuilder(text);
        for (; bad >= 0; bad = firstLone(text, bad + 1)) {
            fixed.setCharAt(bad, '\uFFFD');
        }
        return fixed.toString();
    }

    private static int firstLone(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else {
                return i;
            }
        }
        return -1;
    }
}
