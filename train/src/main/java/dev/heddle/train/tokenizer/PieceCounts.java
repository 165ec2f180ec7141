package dev.heddle.train.tokenizer;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// How often each piece occurs in a corpus. Merges never cross pieces, so a corpus is its pieces and their counts.
///
/// Pieces are those of GPT-2 (Radford et al. 2019), which `tokenizer.json` calls `ByteLevel`: English contractions, words,
/// numbers and runs of other signs, each with the one space before it, and white space. Texts that stand for special tokens are cut out
/// first, as an encoder does.
///
/// Not safe for use by several threads at a time.
final class PieceCounts {
    private static final Pattern PIECE = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private static final class Count {
        private long value;
    }

    private final Map<String, Count> counts = new HashMap<>();
    private final Optional<Pattern> special;
    private long characters;

    /// @param special texts of the special tokens
    PieceCounts(Collection<String> special) {
        this.special = special.isEmpty() ? Optional.empty() : Optional.of(Pattern.compile(special.stream()
                .sorted(Comparator.comparingInt(String::length).reversed()).map(Pattern::quote).collect(Collectors.joining("|"))));
    }

    /// Counts the pieces of a document.
    void add(String document) {
        characters += document.length();
        if (special.isEmpty()) {
            count(document);
            return;
        }
        for (String text : special.get().split(document)) {
            count(text);
        }
    }

    private void count(String text) {
        Matcher matcher = PIECE.matcher(text);
        while (matcher.find()) {
            counts.computeIfAbsent(matcher.group(), _ -> new Count()).value++;
        }
    }

    /// Characters seen so far.
    long characters() {
        return characters;
    }

    /// Different pieces.
    int size() {
        return counts.size();
    }

    /// A piece and how often it occurs.
    record Counted(String piece, long count) {
    }

    /// All pieces, in the order of their texts.
    List<Counted> counted() {
        return counts.entrySet().stream().map(entry -> new Counted(entry.getKey(), entry.getValue().value))
                .sorted(Comparator.comparing(Counted::piece)).toList();
    }
}
