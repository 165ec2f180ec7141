package dev.heddle.train.convert;

import dev.heddle.train.TrainingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Which layers of a transformer keep their attention. `A` keeps it, `M` puts a recurrent mixer in its place; `*4` repeats the
/// letter or the parentheses before it four times, a `*` without a number at the end repeats the whole pattern until the
/// layers are filled: `MMMA*` for eight layers is `MMMAMMMA`. Spaces and commas mean nothing. A list of numbers, `3,7`, names
/// the layers that keep their attention, from 0.
public final class HybridPattern {
    private static final int DEEPEST = 20;

    private final String text;
    private final int layers;
    private int at;

    private HybridPattern(String text, int layers) {
        this.text = text;
        this.layers = layers;
    }

    /// The layers that get a recurrent mixer.
    /// @throws TrainingException if the text is malformed or does not make `layers` layers
    public static List<Integer> recurrent(String pattern, int layers) {
        String text = pattern.replaceAll("[\\s,]+", " ").strip();
        if (text.matches("\\d+( \\d+)*")) {
            return listed(pattern, text, layers);
        }
        boolean repeats = text.endsWith("*");
        HybridPattern parser = new HybridPattern(repeats ? text.substring(0, text.length() - 1) : text, layers);
        String letters = parser.letters(pattern);
        if (repeats) {
            letters = layers % letters.length() == 0 ? letters.repeat(layers / letters.length()) : letters;
        }
        if (letters.length() != layers) {
            throw new TrainingException("pattern \"" + pattern + "\" " + (repeats ? "repeats " + letters.length() + " layers, which do not divide "
                    : "makes " + letters.length() + " layers, expected ") + "the model's " + layers);
        }
        String all = letters;
        return IntStream.range(0, layers).filter(layer -> all.charAt(layer) == 'M').boxed().toList();
    }

    private static List<Integer> listed(String pattern, String text, int layers) {
        List<Integer> kept = new ArrayList<>();
        for (String number : text.split(" ")) {
            int layer = number.length() > 6 ? Integer.MAX_VALUE : Integer.parseInt(number);
            if (layer >= layers) {
                throw new TrainingException("pattern \"" + pattern + "\" keeps layer " + number + ", and the model has only layers 0 to "
                        + (layers - 1));
            }
            kept.add(layer);
        }
        return IntStream.range(0, layers).filter(layer -> !kept.contains(layer)).boxed().toList();
    }

    private String letters(String pattern) {
        String letters = terms(0);
        if (at < text.length()) {
            throw malformed("a closing parenthesis that nothing opens");
        }
        if (letters.isEmpty()) {
            throw new TrainingException("pattern \"" + pattern + "\" is empty");
        }
        return letters;
    }

    private String terms(int depth) {
        StringBuilder all = new StringBuilder();
        while (at < text.length() && text.charAt(at) != ')') {
            char c = text.charAt(at++);
            String term = switch (c) {
                case ' ' -> "";
                case 'A', 'M' -> Character.toString(c);
                case '(' -> inner(depth);
                default -> {
                    at--;
                    throw malformed("\"" + c + "\", expected A (keep attention), M (recurrent mixer), a parenthesis or * with a number");
                }
            };
            all.repeat(term, count(term));
            if (all.length() > layers) {
                throw new TrainingException("pattern \"" + text + "\" makes more than the model's " + layers + " layers");
            }
        }
        return all.toString();
    }

    private String inner(int depth) {
        if (depth == DEEPEST) {
            throw malformed("parentheses nested deeper than " + DEEPEST + " levels");
        }
        String term = terms(depth + 1);
        if (at == text.length()) {
            throw malformed("the end, expected a closing parenthesis");
        }
        at++;
        return term;
    }

    private int count(String term) {
        if (term.isEmpty() || at == text.length() || text.charAt(at) != '*') {
            return 1;
        }
        int from = ++at;
        while (at < text.length() && Character.isDigit(text.charAt(at))) {
            at++;
        }
        if (at == from || at - from > 5) {
            at = from;
            throw malformed("no number of up to five digits after \"*\"");
        }
        return Integer.parseInt(text.substring(from, at));
    }

    private TrainingException malformed(String found) {
        return new TrainingException("pattern \"" + text + "\" has at character " + (at + 1) + " " + found);
    }

    /// The pattern of these layers, `MMMAMMMA`.
    static String letters(List<Integer> recurrent, int layers) {
        char[] letters = new char[layers];
        Arrays.fill(letters, 'A');
        recurrent.forEach(layer -> letters[layer] = 'M');
        return new String(letters);
    }
}
