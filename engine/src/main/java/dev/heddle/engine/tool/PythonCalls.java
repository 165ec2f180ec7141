package dev.heddle.engine.tool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// Reads a list of Python calls with keyword arguments that are literals: `[f(x=1, s="a"), g()]`.
final class PythonCalls {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final int MAX_DEPTH = 64;

    /// The text is something else.
    private static final class NoCalls extends Exception {
    }

    private final String text;
    private int at;
    private int depth;

    private PythonCalls(String text) {
        this.text = text;
    }

    /// The calls, or none if the text is anything else.
    static List<ToolCall> parse(String text) {
        PythonCalls parser = new PythonCalls(text.strip());
        try {
            return parser.calls();
        } catch (NoCalls e) {
            return List.of();
        }
    }

    private List<ToolCall> calls() throws NoCalls {
        boolean list = take('[');
        List<ToolCall> calls = new ArrayList<>();
        do {
            calls.add(call());
        } while (list && take(','));
        if (list) {
            expect(']');
        }
        space();
        if (at < text.length()) {
            throw new NoCalls();
        }
        return calls;
    }

    private ToolCall call() throws NoCalls {
        String name = name();
        expect('(');
        ObjectNode arguments = NODES.objectNode();
        if (!take(')')) {
            do {
                String argument = name();
                expect('=');
                arguments.set(argument, value());
            } while (take(','));
            expect(')');
        }
        return new ToolCall(name, arguments);
    }

    private JsonNode value() throws NoCalls {
        if (++depth > MAX_DEPTH) {
            throw new NoCalls();
        }
        space();
        char c = at < text.length() ? text.charAt(at) : 0;
        JsonNode value = switch (c) {
            case '"', '\'' -> NODES.textNode(string());
            case '[', '(' -> list(c == '[' ? ']' : ')');
            case '{' -> dictionary();
            default -> Character.isLetter(c) ? word() : number();
        };
        depth--;
        return value;
    }

    private ArrayNode list(char close) throws NoCalls {
        at++;
        ArrayNode list = NODES.arrayNode();
        while (!take(close)) {
            list.add(value());
            if (!take(',')) {
                expect(close);
                break;
            }
        }
        return list;
    }

    private ObjectNode dictionary() throws NoCalls {
        at++;
        ObjectNode dictionary = NODES.objectNode();
        while (!take('}')) {
            JsonNode key = value();
            expect(':');
            dictionary.set(key.asText(), value());
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        return dictionary;
    }

    private JsonNode word() throws NoCalls {
        return switch (name()) {
            case "True", "true" -> NODES.booleanNode(true);
            case "False", "false" -> NODES.booleanNode(false);
            case "None", "null" -> NODES.nullNode();
            default -> throw new NoCalls();
        };
    }

    private JsonNode number() throws NoCalls {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String digits = text.substring(from, at);
        if (!digits.matches("-?\\d{1,30}(\\.\\d{1,30})?([eE][+-]?\\d{1,3})?")) {
            throw new NoCalls();
        }
        BigDecimal number = new BigDecimal(digits);
        return digits.matches("-?\\d{1,18}") ? NODES.numberNode(number.longValueExact()) : NODES.numberNode(number);
    }

    private String string() throws NoCalls {
        char quote = text.charAt(at++);
        StringBuilder string = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == quote) {
                return string.toString();
            }
            if (c != '\\') {
                string.append(c);
            } else if (at < text.length()) {
                char escaped = text.charAt(at++);
                switch (escaped) {
                    case 'n' -> string.append('\n');
                    case 't' -> string.append('\t');
                    case 'r' -> string.append('\r');
                    case 'u' -> string.append(hex());
                    case '\\', '\'', '"', '/' -> string.append(escaped);
                    default -> string.append('\\').append(escaped);
                }
            }
        }
        throw new NoCalls();
    }

    private char hex() throws NoCalls {
        String digits = text.substring(at, Math.min(text.length(), at + 4));
        if (!digits.matches("[0-9a-fA-F]{4}")) {
            throw new NoCalls();
        }
        at += 4;
        return (char) Integer.parseInt(digits, 16);
    }

    private String name() throws NoCalls {
        space();
        int from = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "_.-".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        if (at == from) {
            throw new NoCalls();
        }
        return text.substring(from, at);
    }

    private void space() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private boolean take(char c) {
        space();
        boolean there = at < text.length() && text.charAt(at) == c;
        at += there ? 1 : 0;
        return there;
    }

    private void expect(char c) throws NoCalls {
        if (!take(c)) {
            throw new NoCalls();
        }
    }
}
