package dev.heddle.checkpoint.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// String and bytes literals as Python's `repr` writes them: `'…'`, `"…"`, `b'…'`, `b"…"`.
final class PythonLiteral {
    private final String source;
    private final boolean binary;
    private final int end;
    private int at;

    private PythonLiteral(String source) {
        this.source = source;
        binary = source.startsWith("b");
        at = binary ? 1 : 0;
        end = source.length() - 1;
        char quote = at < source.length() ? source.charAt(at) : 0;
        if (quote != '\'' && quote != '"' || end <= at || source.charAt(end) != quote) {
            throw invalid("no matching quotes around it");
        }
        at++;
    }

    /// The bytes of the literal; text becomes UTF-8.
    /// @throws IllegalArgumentException if `source` is anything but one such literal
    static byte[] bytes(String source) {
        return new PythonLiteral(source).read();
    }

    /// The bytes of a bytes literal whose quotes were left out.
    /// @throws IllegalArgumentException if it is none
    static byte[] unquoted(String inner) {
        char quote = '\'';
        for (int i = 0; i < inner.length(); i++) {
            char c = inner.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '\'') {
                // Python puts a text with such quotes between the others
                quote = '"';
            }
        }
        return bytes("b" + quote + inner + quote);
    }

    private byte[] read() {
        char quote = source.charAt(end);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(2 * source.length());
        while (at < end) {
            int c = source.codePointAt(at);
            at += Character.charCount(c);
            if (c == quote || c < 0x20) {
                throw invalid("the character U+%04X is not escaped".formatted(c));
            }
            if (c != '\\') {
                if (binary && c > 0x7E) {
                    throw invalid("the character U+%04X in a bytes literal".formatted(c));
                }
                text(bytes, c);
                continue;
            }
            char escape = at < end ? source.charAt(at++) : 0;
            switch (escape) {
                case '\\', '\'', '"' -> bytes.write(escape);
                case 'n' -> bytes.write('\n');
                case 'r' -> bytes.write('\r');
                case 't' -> bytes.write('\t');
                case 'x' -> {
                    int value = hex(2);
                    if (binary) {
                        bytes.write(value);
                    } else {
                        text(bytes, value);
                    }
                }
                case 'u', 'U' -> {
                    if (binary) {
                        throw invalid("the escape \\" + escape + " in a bytes literal");
                    }
                    text(bytes, hex(escape == 'u' ? 4 : 8));
                }
                default -> throw invalid("the escape \\" + (escape == 0 ? "" : escape) + " is unknown");
            }
        }
        return bytes.toByteArray();
    }

    private void text(ByteArrayOutputStream bytes, int codePoint) {
        if (codePoint < 0x80) {
            bytes.write(codePoint);
            return;
        }
        if (!Character.isValidCodePoint(codePoint) || codePoint >= 0xD800 && codePoint < 0xE000) {
            throw invalid("U+%X is no character".formatted(codePoint));
        }
        bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < end && source.charAt(at) < 0x80 ? Character.digit(source.charAt(at++), 16) : -1;
            if (digit < 0 || value >>> 24 != 0) {
                throw invalid("an escape lacks its " + digits + " hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        return value;
    }

    private IllegalArgumentException invalid(String why) {
        return new IllegalArgumentException("found " + source + ", expected a Python string literal: " + why);
    }
}
