package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Markup;
import dev.heddle.checkpoint.template.Values.None;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What can follow `is`.
final class TestFunctions {
    private interface Test {
        boolean holds(Object value, Arguments arguments, Interpreter interpreter);
    }

    private interface Simple {
        boolean holds(Object value);
    }

    private static final Map<String, Test> TESTS = new HashMap<>();

    static {
        plain("defined", value -> !(value instanceof Undefined));
        plain("undefined", value -> value instanceof Undefined);
        plain("none", value -> value == None.NONE);
        plain("true", value -> Boolean.TRUE.equals(value));
        plain("false", value -> Boolean.FALSE.equals(value));
        plain("boolean", value -> value instanceof Boolean);
        plain("integer", value -> value instanceof Long || value instanceof BigInteger);
        plain("float", value -> value instanceof Double);
        plain("number", Values::isNumber);
        plain("string", Values::isText);
        plain("escaped", value -> value instanceof Markup);
        plain("mapping", value -> value instanceof Map<?, ?>);
        plain("iterable", value -> Values.isIterable(value));
        plain("sequence", value -> Values.isText(value) || value instanceof List<?> || value instanceof Map<?, ?>
                || value instanceof Undefined);
        plain("callable", value -> value instanceof Function || value instanceof LoopState
                || value instanceof Undefined);
        TESTS.put("lower", (value, arguments, interpreter) -> {
            String text = PythonText.str(value, interpreter.budget());
            return text.equals(text.toLowerCase(Locale.ROOT)) && text.codePoints().anyMatch(Character::isLowerCase);
        });
        TESTS.put("upper", (value, arguments, interpreter) -> {
            String text = PythonText.str(value, interpreter.budget());
            return text.equals(text.toUpperCase(Locale.ROOT)) && text.codePoints().anyMatch(Character::isUpperCase);
        });
        TESTS.put("odd", (value, arguments, interpreter) -> rest(value, 2L, interpreter).equals(1L));
        TESTS.put("even", (value, arguments, interpreter) -> rest(value, 2L, interpreter).equals(0L));
        TESTS.put("divisibleby", (value, arguments, interpreter) -> Values.equal(rest(value,
                arguments.bind("divisibleby", 1, "num")[0], interpreter), 0L, interpreter.budget()));
        TESTS.put("in", (value, arguments, interpreter) -> Values.contains(arguments.bind("in", 1, "seq")[0], value,
                interpreter.budget()));
        TESTS.put("sameas", (value, arguments, interpreter) -> {
            Object other = arguments.bind("sameas", 1, "other")[0];
            return value == other || value.getClass() == other.getClass()
                    && (value instanceof Boolean || value instanceof Long || value instanceof String)
                    && value.equals(other);
        });
        TESTS.put("filter", (value, arguments, interpreter) -> Values.isText(value)
                && Filters.exists(Values.text(value)));
        TESTS.put("test", (value, arguments, interpreter) -> Values.isText(value)
                && TESTS.containsKey(Values.text(value)));
        for (String name : List.of("==", "eq", "equalto")) {
            TESTS.put(name, (value, arguments, interpreter) -> Values.equal(value, other(arguments),
                    interpreter.budget()));
        }
        for (String name : List.of("!=", "ne")) {
            TESTS.put(name, (value, arguments, interpreter) -> !Values.equal(value, other(arguments),
                    interpreter.budget()));
        }
        order("<", List.of("<", "lt", "lessthan"));
        order("<=", List.of("<=", "le"));
        order(">", List.of(">", "gt", "greaterthan"));
        order(">=", List.of(">=", "ge"));
    }

    private TestFunctions() {
    }

    static boolean apply(String name, Object value, Arguments arguments, Interpreter interpreter) {
        Test test = TESTS.get(name);
        if (test == null) {
            throw TemplateException.value("No test named '" + name + "'.");
        }
        return test.holds(value, arguments, interpreter);
    }

    private static void plain(String name, Simple test) {
        TESTS.put(name, (value, arguments, interpreter) -> {
            arguments.bind(name, 0);
            return test.holds(value);
        });
    }

    private static void order(String operator, List<String> names) {
        for (String name : names) {
            TESTS.put(name, (value, arguments, interpreter) -> {
                int order = Values.compare(value, other(arguments), operator, interpreter.budget());
                return switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    default -> order >= 0;
                };
            });
        }
    }

    private static Object other(Arguments arguments) {
        return arguments.bind("comparison", 1, "other")[0];
    }

    private static Object rest(Object value, Object divisor, Interpreter interpreter) {
        Object rest = Arithmetic.binary("%", value, divisor, interpreter.budget());
        return rest instanceof Double number && number == Math.rint(number) ? (Object) number.longValue() : rest;
    }
}
