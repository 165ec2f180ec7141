package dev.heddle.checkpoint.spec;

import java.util.ArrayList;
import java.util.List;

/// Strings such as `MMMA*4` or `(M*5 A)*4 M`: each letter is a block, `*n` repeats the letters or the parentheses
/// before it, spaces separate terms.
final class LayerPattern {
    /// More blocks than any model has.
    static final int MOST = 100_000;

    private final String text;
    private int at;

    private LayerPattern(String text) {
        this.text = text;
    }

    /// The letters, repetitions written out.
    /// @throws IllegalArgumentException if the pattern is malformed; the message says where
    static String expand(String text) {
        LayerPattern pattern = new LayerPattern(text);
        String letters = pattern.terms(0);
        if (pattern.at < text.length()) {
            throw pattern.malformed("a closing parenthesis that nothing opens");
        }
        if (letters.isEmpty()) {
            throw new IllegalArgumentException("is empty");
        }
        return letters;
    }

    private String terms(int depth) {
        if (depth > 20) {
            throw malformed("parentheses nested deeper than 20 levels");
        }
        StringBuilder all = new StringBuilder();
        while (at < text.length() && text.charAt(at) != ')') {
            char c = text.charAt(at);
            if (c == ' ') {
                at++;
                continue;
            }
            String term;
            if (c == '(') {
                at++;
                term = terms(depth + 1);
                if (at == text.length()) {
                    throw malformed("the end, expected a closing parenthesis");
                }
                at++;
            } else {
                int from = at;
                while (at < text.length() && Character.isLetter(text.charAt(at))) {
                    at++;
                }
                if (at == from) {
                    throw malformed("\"" + c + "\", expected a letter");
                }
                term = text.substring(from, at);
            }
            long count = count();
            if (all.length() + term.length() * count > MOST) {
                throw new IllegalArgumentException("makes more than " + MOST + " blocks");
            }
            all.repeat(term, (int) count);
        }
        return all.toString();
    }

    private long count() {
        if (at == text.length() || text.charAt(at) != '*') {
            return 1;
        }
        at++;
        int from = at;
        while (at < text.length() && Character.isDigit(text.charAt(at))) {
            at++;
        }
        if (at == from || at - from > 6) {
            at = from;
            throw malformed("no count of up to six digits after \"*\"");
        }
        return Long.parseLong(text.substring(from, at));
    }

    private IllegalArgumentException malformed(String found) {
        return new IllegalArgumentException("has at character " + (at + 1) + " " + found);
    }

    /// A short pattern for these letters, which [#expand] turns back into them.
    static String compress(String letters) {
        List<String> terms = new ArrayList<>();
        int literal = 0;
        int i = 0;
        while (i < letters.length()) {
            int length = 0;
            int count = 1;
            for (int unit = 1; unit <= (letters.length() - i) / 2; unit++) {
                int times = repeats(letters, i, unit);
                if (times > 1 && unit * times > Math.max(unit + 2, length * count)) {
                    length = unit;
                    count = times;
                }
            }
            if (length == 0) {
                i++;
            } else {
                if (literal < i) {
                    terms.add(letters.substring(literal, i));
                }
                String unit = letters.substring(i, i + length);
                String inner = compress(unit);
                terms.add((inner.equals(unit) ? unit : "(" + inner + ")") + "*" + count);
                i += length * count;
                literal = i;
            }
        }
        if (literal < letters.length()) {
            terms.add(letters.substring(literal));
        }
        return String.join(" ", terms);
    }

    private static int repeats(String letters, int from, int unit) {
        int times = 1;
        while (letters.regionMatches(from, letters, from + times * unit, unit)) {
            times++;
        }
        return times;
    }
}
