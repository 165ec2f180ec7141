package dev.heddle.checkpoint.template;

/// A word of a template.
///
/// @param value the text of data, names and operators; a [String], [Long], [java.math.BigInteger] or [Double] for
///     literals
record Token(Type type, Object value, int line) {
    enum Type { DATA, BLOCK_BEGIN, BLOCK_END, VARIABLE_BEGIN, VARIABLE_END, NAME, STRING, NUMBER, OPERATOR, END }

    boolean is(Type other) {
        return type == other;
    }

    boolean isName(String name) {
        return type == Type.NAME && value.equals(name);
    }

    boolean isOperator(String operator) {
        return type == Type.OPERATOR && value.equals(operator);
    }

    String describe() {
        return switch (type) {
            case DATA -> "template text";
            case BLOCK_BEGIN -> "{%";
            case BLOCK_END -> "%}";
            case VARIABLE_BEGIN -> "{{";
            case VARIABLE_END -> "}}";
            case STRING -> "a string";
            case NUMBER, NAME, OPERATOR -> "'" + value + "'";
            case END -> "the end of the template";
        };
    }
}
