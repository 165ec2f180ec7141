package dev.heddle.engine;

import java.util.Set;

/// Whether a text that grows stands at the end of a sentence: its paragraph ends with `.`, `!`, `?` or `…`, closing
/// quotes and brackets after it included, and no quotation in it is open.
final class SentenceEnd {
    private static final String ENDS = ".!?…";
    private static final String CLOSES = "\"'”’)]»";
    /// A point after these ends no sentence.
    private static final Set<String> ABBREVIATIONS = Set.of("Mr", "Mrs", "Ms", "Dr", "St", "Prof", "e.g", "i.e", "etc", "vs");

    private final StringBuilder paragraph = new StringBuilder();

    void feed(String piece) {
        paragraph.append(piece);
        int newline = paragraph.toString().stripTrailing().lastIndexOf('\n');
        paragraph.delete(0, newline + 1);
    }

    /// Whether a sentence has ended and no quotation is open.
    boolean reached() {
        return terminated() && quotesAreClosed(paragraph.toString());
    }

    /// Whether a sentence has ended, within a quotation or not.
    boolean terminated() {
        String text = paragraph.toString().stripTrailing();
        int end = text.length();
        while (end > 0 && CLOSES.indexOf(text.charAt(end - 1)) >= 0) {
            end--;
        }
        if (end == 0 || ENDS.indexOf(text.charAt(end - 1)) < 0) {
            return false;
        }
        return end < text.length() || !isAbbreviation(text);
    }

    private static boolean isAbbreviation(String text) {
        if (!text.endsWith(".")) {
            return false;
        }
        String word = text.substring(text.lastIndexOf(' ') + 1, text.length() - 1);
        return ABBREVIATIONS.contains(word) || word.length() == 1 && Character.isUpperCase(word.charAt(0));
    }

    private static boolean quotesAreClosed(String text) {
        long straight = text.chars().filter(c -> c == '"').count();
        long open = text.chars().filter(c -> c == '“').count();
        long closed = text.chars().filter(c -> c == '”').count();
        return straight % 2 == 0 && open <= closed && !singleQuoteIsOpen(text);
    }

    /// A single quote opens after a space or at the start, and closes after a mark; between letters it is an apostrophe.
    private static boolean singleQuoteIsOpen(String text) {
        boolean open = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\'' || c == '‘' || c == '’') {
                boolean before = i > 0 && !Character.isWhitespace(text.charAt(i - 1)) && "\"“(".indexOf(text.charAt(i - 1)) < 0;
                if (!before && c != '’') {
                    open = true;
                } else if (before && !Character.isLetterOrDigit(text.charAt(i - 1))) {
                    open = false;
                }
            }
        }
        return open;
    }
}
