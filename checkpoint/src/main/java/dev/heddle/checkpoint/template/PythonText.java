package dev.heddle.checkpoint.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/// Python's strings, which are sequences of code points, and its ways of writing values as text.
final class PythonText {
    private PythonText() {
    }

    static boolean isSpace(int c) {
        return c >= 0x09 && c <= 0x0D || c >= 0x1C && c <= 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680
                || c >= 0x2000 && c <= 0x200A || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F
                || c == 0x3000;
    }

    /// True if there is at least one character from `start` on and all are white space.
    static boolean isBlank(String text, int start) {
        for (int i = start; i < text.length(); i++) {
            if (!isSpace(text.charAt(i))) {
                return false;
            }
        }
        return start < text.length();
    }

    static String strip(String text, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && isSpace(text.charAt(start))) {
            start++;
        }
        while (right && end > start && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    /// Strips every character that occurs in `characters`.
    static String strip(String text, String characters, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && characters.indexOf(text.codePointAt(start)) >= 0) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && characters.indexOf(text.codePointBefore(end)) >= 0) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /// The place in UTF-16 of the code point with this number; the end if there are fewer.
    static int place(String text, int codePoint) {
        return codePoint >= text.length() ? text.length()
                : length(text) <= codePoint ? text.length() : text.offsetByCodePoints(0, codePoint);
    }

    /// Order by code points, which is not that of UTF-16 units.
    static int compare(String left, String right) {
        int common = Math.min(left.length(), right.length());
        for (int i = 0; i < common; i++) {
            char a = left.charAt(i);
            char b = right.charAt(i);
            if (a != b) {
                boolean surrogates = Character.isSurrogate(a) != Character.isSurrogate(b);
                return surrogates ? Character.isSurrogate(a) ? 1 : -1 : Character.compare(a, b);
            }
        }
        return Integer.compare(left.length(), right.length());
    }

    static Iterator<Object> characters(String text) {
        return new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                return at < text.length();
            }

            @Override
            public Object next() {
                if (at >= text.length()) {
                    throw new NoSuchElementException();
                }
                int c = text.codePointAt(at);
                at += Character.charCount(c);
                return Character.toString(c);
            }
        };
    }

    /// `str(value)`.
    static String str(Object value, Budget budget) {
        return switch (value) {
            case String text -> text;
            case Values.Markup markup -> markup.text();
            case Values.Undefined undefined when !undefined.forbidden() -> "";
            case Values.Undefined undefined -> throw undefined.error();
            default -> {
                StringBuilder out = new StringBuilder();
                write(value, out, budget);
                yield out.toString();
            }
        };
    }

    /// `repr(value)`.
    static String repr(Object value, Budget budget) {
        StringBuilder out = new StringBuilder();
        write(value, out, budget);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out, Budget budget) {
        budget.step();
        budget.enter();
        switch (value) {
            case String text -> quote(text, out);
            case Values.Markup markup -> {
                out.append("Markup(");
                quote(markup.text(), out);
                out.append(')');
            }
            case Boolean flag -> out.append(flag ? "True" : "False");
            case Long number -> out.append(number);
            case BigInteger number -> out.append(number);
            case Double number -> out.append(number(number));
            case Values.None none -> out.append("None");
            case Values.Undefined undefined -> out.append("Undefined");
            case Values.Range range -> out.append(range);
            case Values.Tuple tuple -> {
                out.append('(');
                items(tuple, out, budget);
                out.append(tuple.size() == 1 ? ",)" : ")");
            }
            case List<?> list -> {
                out.append('[');
                items(list, out, budget);
                out.append(']');
            }
            case Values.DictView view -> {
                out.append("dict_").append(view.kind()).append("([");
                items(view.items(), out, budget);
                out.append("])");
            }
            case Map<?, ?> map -> {
                out.append('{');
                String separator = "";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.append(separator);
                    write(entry.getKey(), out, budget);
                    out.append(": ");
                    write(entry.getValue(), out, budget);
                    separator = ", ";
                }
                out.append('}');
            }
            case Values.Namespace namespace -> {
                out.append("<Namespace ");
                write(namespace.attributes, out, budget);
                out.append('>');
            }
            default -> out.append('<').append(Values.type(value)).append(" object>");
        }
        budget.characters(out.length());
        budget.leave();
    }

    private static void items(List<?> items, StringBuilder out, Budget budget) {
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                out.append(", ");
            }
            write(items.get(i), out, budget);
        }
    }

    private static void quote(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else if (c < 0x100) {
                        out.append("\\x").append(hex(c, 2));
                    } else if (c < 0x10000) {
                        out.append("\\u").append(hex(c, 4));
                    } else {
                        out.append("\\U").append(hex(c, 8));
                    }
                }
            }
        });
        out.append(quote);
    }

    static String hex(int value, int digits) {
        String hex = Integer.toHexString(value);
        return "0".repeat(Math.max(0, digits - hex.length())) + hex;
    }

    private static boolean isPrintable(int c) {
        return c == ' ' || switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE,
                    Character.UNASSIGNED, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    /// `repr` of a float: the fewest digits that read back as the same number, plain from 1e-4 to below 1e16.
    static String number(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String text;
        if (exponent >= -4 && exponent < 16) {
            text = shortest.toPlainString();
            if (text.indexOf('.') < 0) {
                text += ".0";
            }
        } else {
            String size = String.valueOf(Math.abs(exponent));
            text = digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e"
                    + (exponent < 0 ? "-" : "+") + (size.length() < 2 ? "0" : "") + size;
        }
        return value < 0 ? "-" + text : text;
    }
}
