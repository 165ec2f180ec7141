package dev.heddle.engine.grammar;

import java.util.ArrayList;
import java.util.List;

/// Ranges of Unicode characters as the bytes of their UTF-8; surrogates are no characters.
final class Utf8Ranges {
    private final Grammar grammar;

    Utf8Ranges(Grammar grammar) {
        this.grammar = grammar;
    }

    /// One character from `low` to `high`, both included.
    Language language(int low, int high) {
        List<Language> parts = new ArrayList<>();
        add(low, Math.min(high, 0x7F), parts);
        add(Math.max(low, 0x80), Math.min(high, 0x7FF), parts);
        add(Math.max(low, 0x800), Math.min(high, 0xD7FF), parts);
        add(Math.max(low, 0xE000), Math.min(high, 0xFFFF), parts);
        add(Math.max(low, 0x10000), Math.min(high, 0x10FFFF), parts);
        return grammar.choice(parts);
    }

    /// Characters of one length.
    private void add(int low, int high, List<Language> parts) {
        if (low <= high) {
            parts.add(between(bytes(low), bytes(high), 0));
        }
    }

    private static int[] bytes(int c) {
        if (c < 0x80) {
            return new int[] {c};
        }
        int length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        int[] bytes = new int[length];
        for (int i = length - 1; i > 0; i--) {
            bytes[i] = 0x80 | c & 0x3F;
            c >>>= 6;
        }
        bytes[0] = (0xF00 >> length) & 0xFF | c;
        return bytes;
    }

    /// Byte strings of one length from `low` to `high` in the order of their bytes, from place `at` on; bytes after the
    /// first are 0x80 to 0xBF.
    private Language between(int[] low, int[] high, int at) {
        if (at == low.length) {
            return grammar.empty();
        }
        if (low[at] == high[at]) {
            return grammar.sequence(grammar.bytes(ByteSet.NONE.with(low[at])), between(low, high, at + 1));
        }
        List<Language> parts = new ArrayList<>();
        int first = low[at];
        int last = high[at];
        if (!rest(low, at, 0x80)) {
            int[] top = low.clone();
            fill(top, at, 0xBF);
            parts.add(grammar.sequence(grammar.bytes(ByteSet.NONE.with(first++)), between(low, top, at + 1)));
        }
        if (!rest(high, at, 0xBF)) {
            int[] bottom = high.clone();
            fill(bottom, at, 0x80);
            parts.add(grammar.sequence(grammar.bytes(ByteSet.NONE.with(last--)), between(bottom, high, at + 1)));
        }
        if (first <= last) {
            Language following = grammar.bytes(ByteSet.range(0x80, 0xBF));
            int count = low.length - at - 1;
            parts.add(grammar.sequence(grammar.bytes(ByteSet.range(first, last)), grammar.repeat(following, count, count)));
        }
        return grammar.choice(parts);
    }

    private static boolean rest(int[] bytes, int at, int value) {
        for (int i = at + 1; i < bytes.length; i++) {
            if (bytes[i] != value) {
                return false;
            }
        }
        return true;
    }

    private static void fill(int[] bytes, int at, int value) {
        for (int i = at + 1; i < bytes.length; i++) {
            bytes[i] = value;
        }
    }
}
