package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Writes out the compact forms of a model's blocks, so that each block stands for itself:
///
/// - `{repeat: 24, block: …}`, `{repeat: 4, blocks: [...]}`,
/// - `{pattern: "MMMA*4", M: …, A: …}`, whose letters may also be definitions,
/// - a list of blocks and of these forms.
final class SpecExpansion {
    static final String BLOCKS = "blocks";

    private final SpecError error;
    private final Set<String> definitions;

    SpecExpansion(SpecError error, Set<String> definitions) {
        this.error = error;
        this.definitions = definitions;
    }

    List<SpecNode> expand(SpecNode node) {
        List<SpecNode> blocks = new ArrayList<>();
        expand(node, BLOCKS, blocks, 0);
        return blocks;
    }

    private void expand(SpecNode node, String path, List<SpecNode> into, int depth) {
        if (depth > 20) {
            throw error.at(node, path + " nests repetitions deeper than 20 levels");
        }
        switch (node) {
            case Listing listing -> {
                for (int i = 0; i < listing.items().size(); i++) {
                    SpecNode item = listing.items().get(i);
                    if (item instanceof Mapping mapping && (isRepeat(mapping) || isPattern(mapping))) {
                        expand(item, path + "[" + i + "]", into, depth + 1);
                    } else {
                        add(item, path, into);
                    }
                }
            }
            case Mapping mapping when isRepeat(mapping) -> repeat(mapping, path, into, depth);
            case Mapping mapping when isPattern(mapping) -> pattern(mapping, path, into);
            case Mapping _, Scalar _ -> throw error.wrong(node, path,
                    "a list of blocks, a mapping with 'repeat' and 'block', or one with 'pattern'");
        }
    }

    private static boolean isRepeat(Mapping mapping) {
        return mapping.entries().containsKey("repeat");
    }

    private static boolean isPattern(Mapping mapping) {
        return mapping.entries().containsKey("pattern");
    }

    private void repeat(Mapping mapping, String path, List<SpecNode> into, int depth) {
        Map<String, SpecNode> entries = mapping.entries();
        SpecNode count = entries.get("repeat");
        if (!(count instanceof Scalar scalar)) {
            throw error.wrong(count, path + ".repeat", "a whole number");
        }
        int times = (int) SpecScalars.read(int.class, scalar, path + ".repeat", error);
        if (times < 1) {
            throw error.at(count, path + ".repeat must be at least 1, not " + times);
        }
        boolean one = entries.containsKey("block");
        if (entries.size() != 2 || !one && !entries.containsKey(BLOCKS)) {
            throw error.at(mapping, path + " repeats, so it has the keys repeat and either block or blocks, not "
                    + String.join(", ", entries.keySet()));
        }
        List<SpecNode> unit = new ArrayList<>();
        if (one) {
            unit.add(entries.get("block"));
        } else {
            expand(entries.get(BLOCKS), path + "." + BLOCKS, unit, depth + 1);
        }
        if ((long) unit.size() * times > LayerPattern.MOST) {
            throw error.at(count, path + ".repeat makes more than " + LayerPattern.MOST + " blocks");
        }
        for (int i = 0; i < times; i++) {
            unit.forEach(block -> add(block, path, into));
        }
    }

    private void pattern(Mapping mapping, String path, List<SpecNode> into) {
        SpecNode node = mapping.entries().get("pattern");
        if (!(node instanceof Scalar scalar)) {
            throw error.wrong(node, path + ".pattern", "a string of letters");
        }
        String letters;
        try {
            letters = LayerPattern.expand(scalar.text());
        } catch (IllegalArgumentException e) {
            throw error.at(node, path + ".pattern " + e.getMessage());
        }
        mapping.entries().forEach((key, value) -> {
            if (!key.equals("pattern") && !(key.length() == 1 && letters.contains(key))) {
                throw error.at(value, path + ": the key \"" + key + "\" is no letter of the pattern");
            }
        });
        for (char letter : letters.toCharArray()) {
            String key = String.valueOf(letter);
            SpecNode block = mapping.entries().get(key);
            if (block == null && !definitions.contains(key)) {
                throw error.at(node, path + ".pattern uses the letter " + key + ", which is neither a key beside it nor a definition");
            }
            add(block == null ? new Scalar(Scalar.Kind.STRING, key, node.place()) : block, path, into);
        }
    }

    private void add(SpecNode block, String path, List<SpecNode> into) {
        if (into.size() == LayerPattern.MOST) {
            throw error.at(block, path + " makes more than " + LayerPattern.MOST + " blocks");
        }
        into.add(block);
    }
}
