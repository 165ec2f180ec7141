package dev.heddle.engine;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Takes an answer in pieces and tells what the model thinks before it answers, `<think>…</think>`, from the answer. Only the
/// beginning of an answer is thought, or all up to the closing mark if the prompt ends with the opening one, as some chat
/// templates let it. Marks and the white space around them belong to neither.
public final class ReasoningReader {
    private static final String OPEN = "<think>";
    private static final String CLOSE = "</think>";
    /// Tokens at the end of a prompt that may spell the opening mark and white space after it.
    private static final int TAIL = 12;

    private enum Stage { BEGINNING, THOUGHT, AFTER_THOUGHT, ANSWER }

    private final StringBuilder held = new StringBuilder();
    private Stage stage;
    /// Whether something of the thought has been given out.
    private boolean thought;

    /// What a piece holds.
    public record Split(String reasoning, String answer) {
    }

    /// @param prompted whether the prompt has opened the thought
    public ReasoningReader(boolean prompted) {
        stage = prompted ? Stage.THOUGHT : Stage.BEGINNING;
    }

    /// The marks that are tokens of this vocabulary.
    public static Set<Integer> marks(Tokenizer tokenizer) {
        return Stream.of(OPEN, CLOSE).map(tokenizer::id).filter(OptionalInt::isPresent).map(OptionalInt::getAsInt)
                .collect(Collectors.toSet());
    }

    /// Whether a prompt ends with the opening mark.
    public static boolean isOpenedBy(Tokenizer tokenizer, int[] prompt) {
        int[] tail = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - TAIL), prompt.length);
        return tokenizer.decode(tail, false).stripTrailing().endsWith(OPEN);
    }

    /// Takes a piece; what it gives out may come later than it was written.
    public Split feed(String piece) {
        held.append(piece);
        return split(false);
    }

    /// The end of the answer.
    public Split finish() {
        return split(true);
    }

    private Split split(boolean end) {
        if (stage == Stage.BEGINNING) {
            String text = held.toString().stripLeading();
            if (text.startsWith(OPEN)) {
                held.setLength(0);
                held.append(text, OPEN.length(), text.length());
                stage = Stage.THOUGHT;
            } else if (end || !OPEN.startsWith(text)) {
                stage = Stage.ANSWER;
            }
        }
        String reasoning = stage == Stage.THOUGHT ? thought(end) : "";
        if (stage == Stage.AFTER_THOUGHT) {
            String text = held.toString().stripLeading();
            held.setLength(0);
            held.append(text);
            stage = text.isEmpty() ? stage : Stage.ANSWER;
        }
        if (stage != Stage.ANSWER) {
            return new Split(reasoning, "");
        }
        String answer = held.toString();
        held.setLength(0);
        return new Split(reasoning, answer);
    }

    private String thought(boolean end) {
        if (!thought) {
            String text = held.toString().stripLeading();
            held.setLength(0);
            held.append(text);
        }
        int at = held.indexOf(CLOSE);
        int sure = at >= 0 ? at : end ? held.length() : held.length() - beginningOfMark();
        int given = sure;
        while (given > 0 && Character.isWhitespace(held.charAt(given - 1))) {
            given--;
        }
        String text = held.substring(0, given);
        thought |= given > 0;
        if (at >= 0) {
            held.delete(0, at + CLOSE.length());
            stage = Stage.AFTER_THOUGHT;
        } else {
            held.delete(0, end ? held.length() : given);
        }
        return text;
    }

    /// How many characters at the end may begin the closing mark.
    private int beginningOfMark() {
        int count = Math.min(CLOSE.length() - 1, held.length());
        while (count > 0 && !CLOSE.startsWith(held.substring(held.length() - count))) {
            count--;
        }
        return count;
    }
}
