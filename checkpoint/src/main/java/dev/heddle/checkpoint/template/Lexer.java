package dev.heddle.checkpoint.template;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Cuts a template into tokens, with the whitespace rules that chat templates are written for: the newline after a
/// `{% … %}` or `{# … #}` goes (`trim_blocks`), so do blanks before one that begins its line (`lstrip_blocks`), a `-`
/// at either side of a tag removes all white space there and a `+` keeps it. One newline at the very end goes too.
final class Lexer {
    private static final List<String> OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%",
            "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean lineStarts = true;

    private Lexer(String source) {
        String text = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    static List<Token> tokens(String source) {
        return new Lexer(source).run();
    }

    private List<Token> run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            String text = source.substring(at, tag);
            char kind = source.charAt(tag + 1);
            int inner = tag + 2;
            char sign = inner < source.length() ? source.charAt(inner) : 0;
            if (sign == '-' || sign == '+') {
                inner++;
            }
            data(stripped(text, sign, kind != '{'));
            advanceLines(text);
            at = inner;
            switch (kind) {
                case '#' -> comment();
                case '{' -> tag(Token.Type.VARIABLE_BEGIN, Token.Type.VARIABLE_END);
                default -> {
                    int body = rawBegin(inner);
                    if (body >= 0) {
                        raw(body);
                    } else {
                        tag(Token.Type.BLOCK_BEGIN, Token.Type.BLOCK_END);
                    }
                }
            }
        }
        add(Token.Type.END, "");
        return tokens;
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '%' || next == '{' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private String stripped(String text, char sign, boolean block) {
        if (sign == '-') {
            return PythonText.strip(text, false, true);
        }
        if (sign != '+' && block) {
            int start = text.lastIndexOf('\n') + 1;
            if ((start > 0 || lineStarts) && PythonText.isBlank(text, start)) {
                return text.substring(0, start);
            }
        }
        return text;
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw error("the comment has no end, expected #}");
        }
        char sign = end > at ? source.charAt(end - 1) : 0;
        leave(end + 2, sign, true);
    }

    /// The place after `{% raw %}` if it lies at `from`, else -1.
    private int rawBegin(int from) {
        int i = skipSpace(from);
        if (!source.startsWith("raw", i)) {
            return -1;
        }
        i = skipSpace(i + 3);
        if (source.startsWith("-%}", i)) {
            return skipSpace(i + 3);
        }
        return source.startsWith("%}", i) ? i + 2 : -1;
    }

    private void raw(int body) {
        lineStarts = source.charAt(body - 1) == '\n';
        advanceLines(source.substring(at, body));
        for (int tag = source.indexOf("{%", body); tag >= 0; tag = source.indexOf("{%", tag + 1)) {
            char open = tag + 2 < source.length() ? source.charAt(tag + 2) : 0;
            int i = skipSpace(open == '-' || open == '+' ? tag + 3 : tag + 2);
            if (!source.startsWith("endraw", i)) {
                continue;
            }
            i = skipSpace(i + 6);
            char close = i < source.length() ? source.charAt(i) : 0;
            int end = close == '-' || close == '+' ? i + 1 : i;
            if (source.startsWith("%}", end)) {
                String text = source.substring(body, tag);
                data(stripped(text, open, true));
                advanceLines(text);
                at = tag;
                leave(end + 2, close, true);
                return;
            }
        }
        throw error("{% raw %} has no {% endraw %}");
    }

    /// Reads a tag's inside up to and with its end.
    private void tag(Token.Type begin, Token.Type end) {
        boolean block = end == Token.Type.BLOCK_END;
        String closing = block ? "%}" : "}}";
        add(begin, "");
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            if (at >= source.length()) {
                throw error("the tag has no end, expected " + closing);
            }
            char c = source.charAt(at);
            if (open.isEmpty()) {
                boolean signed = c == '-' || c == '+' && block;
                if (source.startsWith(closing, signed ? at + 1 : at)) {
                    add(end, "");
                    leave(signed ? at + 3 : at + 2, signed ? c : 0, block);
                    return;
                }
            }
            if (PythonText.isSpace(c)) {
                int next = skipSpace(at);
                advanceLines(source.substring(at, next));
                at = next;
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (c == '_' || Character.isLetter(source.codePointAt(at))) {
                name();
            } else if (c == '\'' || c == '"') {
                string(c);
            } else {
                operator(open);
            }
        }
    }

    /// Moves to `end`, past a tag closed with `sign`, and on as that and the newline rule ask.
    private void leave(int end, char sign, boolean trimNewline) {
        int next = sign == '-' ? skipSpace(end)
                : sign != '+' && trimNewline && end < source.length() && source.charAt(end) == '\n' ? end + 1 : end;
        advanceLines(source.substring(at, next));
        lineStarts = source.charAt(next - 1) == '\n';
        at = next;
    }

    private void name() {
        int end = at;
        while (end < source.length()) {
            int c = source.codePointAt(end);
            if (c != '_' && !Character.isLetterOrDigit(c) && Character.getType(c) != Character.NON_SPACING_MARK) {
                break;
            }
            end += Character.charCount(c);
        }
        add(Token.Type.NAME, source.substring(at, end));
        at = end;
    }

    private void number() {
        int start = at;
        int end = digits(start, 10);
        boolean fractional = false;
        if (end + 1 < source.length() && source.charAt(end) == '.' && isDigit(source.charAt(end + 1), 10)
                && (start == 0 || source.charAt(start - 1) != '.')) {
            end = digits(end + 1, 10);
            fractional = true;
        }
        if (end < source.length() && (source.charAt(end) | 0x20) == 'e') {
            int exponent = end + 1;
            if (exponent < source.length() && (source.charAt(exponent) == '+' || source.charAt(exponent) == '-')) {
                exponent++;
            }
            if (exponent < source.length() && isDigit(source.charAt(exponent), 10)) {
                end = digits(exponent, 10);
                fractional = true;
            }
        }
        if (fractional) {
            add(Token.Type.NUMBER, Double.valueOf(source.substring(start, end).replace("_", "")));
            at = end;
            return;
        }
        int radix = 10;
        if (source.charAt(start) == '0' && start + 2 < source.length()) {
            radix = switch (source.charAt(start + 1) | 0x20) {
                case 'x' -> 16;
                case 'o' -> 8;
                case 'b' -> 2;
                default -> 10;
            };
            if (radix != 10 && isDigit(source.charAt(start + 2), radix)) {
                start += 2;
                end = digits(start, radix);
            } else {
                radix = 10;
            }
        }
        String digits = source.substring(start, end).replace("_", "");
        if (radix == 10 && digits.length() > 1 && digits.charAt(0) == '0' && !digits.chars().allMatch(c -> c == '0')) {
            throw error("the number " + digits + " begins with a zero");
        }
        if (digits.length() > 4000) {
            throw error("a number of " + digits.length() + " digits");
        }
        add(Token.Type.NUMBER, Arithmetic.narrow(new BigInteger(digits, radix)));
        at = end;
    }

    private int digits(int from, int radix) {
        int end = from;
        while (end < source.length() && (isDigit(source.charAt(end), radix)
                || source.charAt(end) == '_' && end + 1 < source.length() && isDigit(source.charAt(end + 1), radix))) {
            end++;
        }
        return end;
    }

    private static boolean isDigit(char c, int radix) {
        return c < 0x80 && Character.digit(c, radix) >= 0;
    }

    private void string(char quote) {
        StringBuilder text = new StringBuilder();
        int i = at + 1;
        while (true) {
            if (i >= source.length()) {
                throw error("the string has no end, expected " + quote);
            }
            char c = source.charAt(i);
            if (c == quote) {
                break;
            }
            if (c == '\\') {
                i = escape(i + 1, text);
            } else {
                text.append(c);
                i++;
            }
        }
        add(Token.Type.STRING, text.toString());
        advanceLines(source.substring(at, i + 1));
        at = i + 1;
    }

    /// Reads what follows a backslash, as Python's `unicode-escape` does: an unknown escape stays as it is written.
    private int escape(int i, StringBuilder text) {
        if (i >= source.length()) {
            throw error("the string has no end");
        }
        char c = source.charAt(i);
        switch (c) {
            case '\n' -> { }
            case '\\', '\'', '"' -> text.append(c);
            case 'a' -> text.append('\u0007');
            case 'b' -> text.append('\b');
            case 'f' -> text.append('\f');
            case 'n' -> text.append('\n');
            case 'r' -> text.append('\r');
            case 't' -> text.append('\t');
            case 'v' -> text.append('\u000B');
            case 'x' -> {
                return hex(i + 1, 2, text);
            }
            case 'u' -> {
                return hex(i + 1, 4, text);
            }
            case 'U' -> {
                return hex(i + 1, 8, text);
            }
            case 'N' -> {
                int end = source.indexOf('}', i);
                if (!source.startsWith("{", i + 1) || end < 0) {
                    throw error("malformed \\N character escape");
                }
                try {
                    text.appendCodePoint(Character.codePointOf(source.substring(i + 2, end)));
                } catch (IllegalArgumentException e) {
                    throw error("unknown Unicode character name");
                }
                return end + 1;
            }
            default -> {
                if (c < '0' || c > '7') {
                    text.append('\\').append(c);
                    return i + 1;
                }
                int value = 0;
                int end = i;
                while (end < i + 3 && end < source.length() && source.charAt(end) >= '0' && source.charAt(end) <= '7') {
                    value = value * 8 + source.charAt(end++) - '0';
                }
                text.appendCodePoint(value);
                return end;
            }
        }
        return i + 1;
    }

    private int hex(int from, int digits, StringBuilder text) {
        long value = 0;
        for (int i = from; i < from + digits; i++) {
            if (i >= source.length() || !isDigit(source.charAt(i), 16)) {
                throw error("an escape in a string lacks its " + digits + " hexadecimal digits");
            }
            value = value * 16 + Character.digit(source.charAt(i), 16);
        }
        if (value > Character.MAX_CODE_POINT) {
            throw error("illegal Unicode character");
        }
        text.appendCodePoint((int) value);
        return from + digits;
    }

    private void operator(Deque<Character> open) {
        for (String operator : OPERATORS) {
            if (!source.startsWith(operator, at)) {
                continue;
            }
            switch (operator) {
                case "(" -> open.push(')');
                case "[" -> open.push(']');
                case "{" -> open.push('}');
                case ")", "]", "}" -> {
                    char found = operator.charAt(0);
                    if (open.isEmpty()) {
                        throw error("unexpected '" + found + "'");
                    }
                    char expected = open.pop();
                    if (expected != found) {
                        throw error("unexpected '" + found + "', expected '" + expected + "'");
                    }
                }
                default -> { }
            }
            add(Token.Type.OPERATOR, operator);
            at += operator.length();
            return;
        }
        throw error("unexpected character '" + Character.toString(source.codePointAt(at)) + "'");
    }

    private int skipSpace(int from) {
        int i = from;
        while (i < source.length() && PythonText.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            add(Token.Type.DATA, text);
        }
    }

    private void add(Token.Type type, Object value) {
        tokens.add(new Token(type, value, line));
    }

    private void advanceLines(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\n') {
                line++;
            }
        }
    }

    private TemplateException error(String reason) {
        return new TemplateException(TemplateException.Kind.SYNTAX, reason, line);
    }
}
