package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Place;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// The shortest way to write a model's blocks: `repeat` if they are all alike, `pattern` if there are fewer kinds than
/// letters, a list otherwise.
final class SpecCompression {
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private SpecCompression() {
    }

    /// @param leading names of the layers whose first letters are to stand for a block
    static SpecNode of(List<?> blocks, Set<String> leading, Function<Object, SpecNode> encode) {
        Map<Object, SpecNode> kinds = new LinkedHashMap<>();
        blocks.forEach(block -> kinds.computeIfAbsent(block, encode));
        if (kinds.size() == blocks.size() || kinds.size() > LETTERS.length()) {
            return new Listing(blocks.stream().map(kinds::get).toList(), Place.NOWHERE);
        }
        Map<String, SpecNode> entries = new LinkedHashMap<>();
        if (kinds.size() == 1) {
            entries.put("repeat", Scalar.number(Integer.toString(blocks.size())));
            entries.put("block", kinds.values().iterator().next());
            return new Mapping(entries, Place.NOWHERE);
        }
        Map<Object, Character> letters = new LinkedHashMap<>();
        kinds.forEach((block, node) -> letters.put(block, letter(node, leading, letters.values())));
        StringBuilder text = new StringBuilder();
        blocks.forEach(block -> text.append(letters.get(block)));
        entries.put("pattern", Scalar.string(LayerPattern.compress(text.toString())));
        kinds.forEach((block, node) -> entries.put(letters.get(block).toString(), node));
        return new Mapping(entries, Place.NOWHERE);
    }

    /// A free letter, if possible the first of a layer's type.
    private static char letter(SpecNode node, Set<String> leading, Collection<Character> taken) {
        StringBuilder wishes = new StringBuilder();
        collect(node, leading, wishes);
        return (char) wishes.append(LETTERS).chars().filter(letter -> !taken.contains((char) letter)).findFirst().orElseThrow();
    }

    private static void collect(SpecNode node, Set<String> leading, StringBuilder wishes) {
        switch (node) {
            case Mapping mapping -> {
                if (mapping.entries().get("type") instanceof Scalar type && leading.contains(type.text())) {
                    wishes.append(type.text().substring(0, 1).toUpperCase(Locale.ROOT));
                }
                mapping.entries().values().forEach(value -> collect(value, leading, wishes));
            }
            case Listing listing -> listing.items().forEach(item -> collect(item, leading, wishes));
            case Scalar _ -> { }
        }
    }
}
