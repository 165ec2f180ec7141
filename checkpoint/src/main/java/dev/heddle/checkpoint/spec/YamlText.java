package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/// A tree as YAML for people: what fits on a line stands on one.
final class YamlText {
    private static final int WIDTH = 110;
    private static final Set<String> RESERVED = Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n", "~");

    private final StringBuilder out = new StringBuilder();

    private YamlText() {
    }

    static String of(Mapping root) {
        YamlText text = new YamlText();
        root.entries().forEach((key, value) -> text.entry(key, value, 0));
        return text.out.toString();
    }

    private void entry(String key, SpecNode value, int indent) {
        out.append(scalar(key)).append(':');
        String line = flow(value);
        if (indent + key.length() + 2 + line.length() <= WIDTH || !hasEntries(value)) {
            out.append(' ').append(line).append('\n');
        } else {
            out.append('\n');
            block(value, indent + 2);
        }
    }

    private void block(SpecNode node, int indent) {
        switch (node) {
            case Mapping mapping -> mapping.entries().forEach((key, value) -> {
                out.repeat(" ", indent);
                entry(key, value, indent);
            });
            case Listing listing -> listing.items().forEach(item -> {
                out.repeat(" ", indent).append("- ");
                item(item, indent + 2);
            });
            case Scalar scalar -> out.append(" ".repeat(indent)).append(flow(scalar)).append('\n');
        }
    }

    /// An item after its dash: on this line, or its first entry on this line and the others below.
    private void item(SpecNode item, int indent) {
        String line = flow(item);
        if (indent + line.length() <= WIDTH || !hasEntries(item)) {
            out.append(line).append('\n');
        } else if (item instanceof Mapping mapping) {
            boolean first = true;
            for (Map.Entry<String, SpecNode> entry : mapping.entries().entrySet()) {
                if (!first) {
                    out.repeat(" ", indent);
                }
                entry(entry.getKey(), entry.getValue(), indent);
                first = false;
            }
        } else {
            out.append('\n');
            block(item, indent);
        }
    }

    private static boolean hasEntries(SpecNode node) {
        return switch (node) {
            case Mapping mapping -> !mapping.entries().isEmpty();
            case Listing listing -> !listing.items().isEmpty();
            case Scalar _ -> false;
        };
    }

    /// A node on one line.
    static String flow(SpecNode node) {
        return switch (node) {
            case Mapping mapping -> {
                StringJoiner joined = new StringJoiner(", ", "{", "}");
                mapping.entries().forEach((key, value) -> joined.add(scalar(key) + ": " + flow(value)));
                yield joined.toString();
            }
            case Listing listing -> {
                StringJoiner joined = new StringJoiner(", ", "[", "]");
                listing.items().forEach(item -> joined.add(flow(item)));
                yield joined.toString();
            }
            case Scalar scalar -> scalar.kind() == Scalar.Kind.STRING ? scalar(scalar.text()) : scalar.text();
        };
    }

    /// A string, in quotes unless it is a plain word that YAML takes for nothing else.
    private static String scalar(String text) {
        if (text.matches("[A-Za-z][A-Za-z0-9_./*()-]*( [A-Za-z0-9_./*()-]+)*") && !RESERVED.contains(text.toLowerCase(java.util.Locale.ROOT))) {
            return text;
        }
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            switch (c) {
                case '"', '\\' -> quoted.append('\\').append(c);
                case '\n' -> quoted.append("\\n");
                default -> {
                    if (c < ' ') {
                        quoted.append(String.format("\\x%02x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }
}
