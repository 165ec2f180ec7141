package dev.heddle.checkpoint.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Values as JSON, byte for byte as Python's `json.dumps` writes them.
final class JsonText {
    private final boolean ascii;
    private final Optional<String> indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    /// @param ascii whether other characters are escaped
    /// @param indent what each level adds to the line's start; without it all is one line
    JsonText(boolean ascii, Optional<String> indent, String itemSeparator, String keySeparator, boolean sorted,
            Budget budget) {
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
        this.sorted = sorted;
        this.budget = budget;
    }

    String write(Object value) {
        write(value, 0);
        return out.toString();
    }

    private void write(Object value, int level) {
        budget.step();
        budget.enter();
        switch (value) {
            case String text -> quote(text);
            case Values.Markup markup -> quote(markup.text());
            case Boolean flag -> out.append(flag);
            case Values.None none -> out.append("null");
            case Long number -> out.append(number);
            case BigInteger number -> out.append(number);
            case Double number -> out.append(number(number));
            case Values.Range range -> throw unserializable(range);
            case List<?> list -> list(list, level);
            case Map<?, ?> map -> map(map, level);
            case Values.Undefined undefined when undefined.forbidden() -> throw undefined.error();
            default -> throw unserializable(value);
        }
        budget.characters(out.length());
        budget.leave();
    }

    private static TemplateException unserializable(Object value) {
        return TemplateException.value("Object of type " + Values.type(value) + " is not JSON serializable");
    }

    private void list(List<?> list, int level) {
        if (list.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
            separate(i, level + 1);
            write(list.get(i), level + 1);
        }
        newLine(level);
        out.append(']');
    }

    private void map(Map<?, ?> map, int level) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) {
            entries.sort((left, right) -> Values.compare(left.getKey(), right.getKey(), "<", budget));
        }
        out.append('{');
        for (int i = 0; i < entries.size(); i++) {
            separate(i, level + 1);
            quote(key(entries.get(i).getKey()));
            out.append(keySeparator);
            write(entries.get(i).getValue(), level + 1);
        }
        newLine(level);
        out.append('}');
    }

    private String key(Object key) {
        return switch (key) {
            case String text -> text;
            case Values.Markup markup -> markup.text();
            case Boolean flag -> flag.toString();
            case Values.None none -> "null";
            case Long number -> number.toString();
            case BigInteger number -> number.toString();
            case Double number -> number(number);
            default -> throw TemplateException.value("keys must be str, int, float, bool or None, not "
                    + Values.type(key));
        };
    }

    private void separate(int index, int level) {
        if (index > 0) {
            out.append(itemSeparator);
        }
        newLine(level);
    }

    private void newLine(int level) {
        indent.ifPresent(step -> {
            budget.characters((long) step.length() * level);
            out.append('\n').append(step.repeat(level));
        });
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "NaN" : Double.isInfinite(value) ? value > 0 ? "Infinity" : "-Infinity"
                : PythonText.number(value);
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || ascii && c > 0x7E) {
                        out.append("\\u").append(PythonText.hex(c, 4));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
