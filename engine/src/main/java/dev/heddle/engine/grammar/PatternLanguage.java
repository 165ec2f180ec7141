package dev.heddle.engine.grammar;

import java.util.ArrayList;
import java.util.List;

/// The strings a regular expression of ECMA-262 finds something in, as JSON writes them between quotes. Known are
/// characters, `.`, classes, `\d \w \s` and their opposites, groups, alternatives, counts, and `^` and `$` at the outer
/// ends; look-around, back references and word boundaries are no regular languages or not worth it.
final class PatternLanguage {
    private static final int LAST = 0x10FFFF;
    /// A count beyond this is a mistake.
    private static final int MOST = 10_000;

    private final Grammar grammar;
    private final String pattern;
    private int at;

    private PatternLanguage(Grammar grammar, String pattern) {
        this.grammar = grammar;
        this.pattern = pattern;
    }

    /// @throws IllegalArgumentException if the pattern is damaged or beyond what is known
    static Language of(Grammar grammar, String pattern) {
        PatternLanguage parser = new PatternLanguage(grammar, pattern);
        Language language = parser.alternatives(true);
        if (parser.at < pattern.length()) {
            throw parser.error("an unmatched )");
        }
        return language;
    }

    private IllegalArgumentException error(String what) {
        return new IllegalArgumentException("the pattern \"" + pattern + "\" has " + what + " at " + at);
    }

    private boolean more() {
        return at < pattern.length();
    }

    private boolean take(String text) {
        boolean there = pattern.startsWith(text, at);
        at += there ? text.length() : 0;
        return there;
    }

    private Language alternatives(boolean outer) {
        List<Language> all = new ArrayList<>();
        do {
            all.add(sequence(outer));
        } while (take("|"));
        return grammar.choice(all);
    }

    private Language sequence(boolean outer) {
        List<Language> parts = new ArrayList<>();
        Language anything = grammar.repeat(characters(CodePoints.ALL), 0, -1);
        if (outer && !take("^")) {
            parts.add(anything);
        }
        boolean ended = false;
        while (more() && pattern.charAt(at) != '|' && pattern.charAt(at) != ')') {
            if (outer && pattern.charAt(at) == '$' && (at + 1 == pattern.length() || pattern.charAt(at + 1) == '|')) {
                at++;
                ended = true;
                break;
            }
            parts.add(counted(atom()));
        }
        if (outer && !ended) {
            parts.add(anything);
        }
        return grammar.sequence(parts.toArray(Language[]::new));
    }

    private Language counted(Language atom) {
        int min = 1;
        int max = 1;
        if (take("*")) {
            min = 0;
            max = -1;
        } else if (take("+")) {
            max = -1;
        } else if (take("?")) {
            min = 0;
        } else if (more() && pattern.charAt(at) == '{') {
            at++;
            min = count();
            max = take(",") ? (more() && pattern.charAt(at) == '}' ? -1 : count()) : min;
            if (!take("}") || max >= 0 && max < min) {
                throw error("a damaged count");
            }
        } else {
            return atom;
        }
        // a lazy count finds the same strings
        take("?");
        if (atom.nullable()) {
            throw error("a count of something that may be empty");
        }
        return grammar.repeat(atom, min, max);
    }

    private int count() {
        int from = at;
        while (more() && Character.isDigit(pattern.charAt(at))) {
            at++;
        }
        if (at == from || at - from > 5 || Integer.parseInt(pattern.substring(from, at)) > MOST) {
            throw error("no count of at most " + MOST);
        }
        return Integer.parseInt(pattern.substring(from, at));
    }

    private Language atom() {
        int c = pattern.codePointAt(at);
        switch (c) {
            case '(' -> {
                at++;
                if (take("?") && !take(":")) {
                    throw error("a group of an unknown kind");
                }
                Language inner = alternatives(false);
                if (!take(")")) {
                    throw error("an open group");
                }
                return inner;
            }
            case '[' -> {
                at++;
                return characters(characterClass());
            }
            case '.' -> {
                at++;
                return characters(CodePoints.of('\n').or(CodePoints.of('\r')).or(CodePoints.range(0x2028, 0x2029)).not());
            }
            case '\\' -> {
                at++;
                return characters(escape());
            }
            case '^', '$', '*', '+', '?', '{', '}', ']' -> throw error("an unexpected " + (char) c);
            default -> {
                at += Character.charCount(c);
                return characters(CodePoints.of(c));
            }
        }
    }

    private CodePoints characterClass() {
        boolean not = take("^");
        CodePoints set = CodePoints.NONE;
        while (true) {
            if (!more()) {
                throw error("an open class");
            }
            if (take("]")) {
                return not ? set.not() : set;
            }
            CodePoints from = member();
            if (pattern.startsWith("-", at) && !pattern.startsWith("-]", at)) {
                at++;
                CodePoints to = more() ? member() : CodePoints.NONE;
                if (!from.isSingle() || !to.isSingle() || from.first() > to.first()) {
                    throw error("a damaged range");
                }
                from = CodePoints.range(from.first(), to.first());
            }
            set = set.or(from);
        }
    }

    private CodePoints member() {
        int c = pattern.codePointAt(at);
        at += Character.charCount(c);
        return c == '\\' ? escape() : CodePoints.of(c);
    }

    private CodePoints escape() {
        if (!more()) {
            throw error("nothing after \\");
        }
        char c = pattern.charAt(at++);
        return switch (c) {
            case 'd' -> CodePoints.DIGITS;
            case 'D' -> CodePoints.DIGITS.not();
            case 'w' -> CodePoints.WORD;
            case 'W' -> CodePoints.WORD.not();
            case 's' -> CodePoints.SPACES;
            case 'S' -> CodePoints.SPACES.not();
            case 'n' -> CodePoints.of('\n');
            case 'r' -> CodePoints.of('\r');
            case 't' -> CodePoints.of('\t');
            case 'f' -> CodePoints.of('\f');
            case 'v' -> CodePoints.of(0x0B);
            case '0' -> CodePoints.of(0);
            case 'x' -> CodePoints.of(hex(2));
            case 'u' -> CodePoints.of(hex(4));
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw error("the unknown escape \\" + c);
                }
                yield CodePoints.of(c);
            }
        };
    }

    private int hex(int count) {
        String digits = pattern.substring(at, Math.min(pattern.length(), at + count));
        if (!digits.matches("[0-9a-fA-F]{" + count + "}")) {
            throw error("a damaged escape");
        }
        at += count;
        return Integer.parseInt(digits, 16);
    }

    /// One character of a set as JSON writes it: itself, or an escape where it must be one.
    private Language characters(CodePoints set) {
        List<Language> parts = new ArrayList<>();
        for (int c = 0; c < 0x20; c++) {
            if (set.contains(c)) {
                parts.add(grammar.text(control(c)));
            }
        }
        if (set.contains('"')) {
            parts.add(grammar.text("\\\""));
        }
        if (set.contains('\\')) {
            parts.add(grammar.text("\\\\"));
        }
        Utf8Ranges utf8 = new Utf8Ranges(grammar);
        CodePoints plain = CodePoints.range(0x20, LAST).minus(CodePoints.of('"').or(CodePoints.of('\\')));
        plain.and(set).forEach((low, high) -> parts.add(utf8.language(low, high)));
        return grammar.choice(parts);
    }

    private static String control(int c) {
        return switch (c) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> String.format("\\u%04x", c);
        };
    }
}
