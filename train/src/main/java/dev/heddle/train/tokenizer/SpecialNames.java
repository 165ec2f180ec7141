package dev.heddle.train.tokenizer;

import dev.heddle.train.data.DataException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The special tokens of a new tokenizer; they get the first ids in this order.
///
/// @param pad    fills up batches
/// @param begin  put before every text
/// @param end    ends a text
/// @param others any more, chat markers for example
public record SpecialNames(Optional<String> pad, Optional<String> begin, Optional<String> end, List<String> others) {
    /// The tokens of the bundled model.
    public static final SpecialNames USUAL = new SpecialNames(Optional.of("<|pad|>"), Optional.of("<|startoftext|>"),
            Optional.of("<|endoftext|>"), List.of());

    public SpecialNames {
        others = List.copyOf(others);
        List<String> all = all(pad, begin, end, others);
        for (String token : all) {
            if (token.isBlank() || token.length() == 1) {
                throw new DataException("the special token \"" + token + "\" must have at least two characters that are not blank");
            }
        }
        if (new HashSet<>(all).size() < all.size()) {
            throw new DataException("the special tokens " + all + " are not all different");
        }
    }

    /// All of them, each at its id.
    public List<String> all() {
        return all(pad, begin, end, others);
    }

    private static List<String> all(Optional<String> pad, Optional<String> begin, Optional<String> end, List<String> others) {
        List<String> all = new ArrayList<>(Stream.of(pad, begin, end).flatMap(Optional::stream).toList());
        all.addAll(others);
        return all;
    }
}
