package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.Generator;
import dev.heddle.checkpoint.template.Values.Markup;
import dev.heddle.checkpoint.template.Values.None;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What can follow `|`. Those that work on items are in [SequenceFilters].
final class Filters {
    interface Filter {
        Object apply(Object value, Arguments arguments, Interpreter interpreter);
    }

    private static final Map<String, Filter> FILTERS = new HashMap<>();

    static {
        FILTERS.put("tojson", Filters::toJson);
        FILTERS.put("string", (value, arguments, interpreter) -> soft(value, interpreter));
        FILTERS.put("safe", (value, arguments, interpreter) -> new Markup(PythonText.str(value, interpreter.budget())));
        for (String name : List.of("e", "escape")) {
            FILTERS.put(name, (value, arguments, interpreter) -> value instanceof Markup ? value
                    : new Markup(escaped(value, interpreter)));
        }
        FILTERS.put("forceescape", (value, arguments, interpreter) -> new Markup(escaped(value, interpreter)));
        for (String name : List.of("default", "d")) {
            FILTERS.put(name, (value, arguments, interpreter) -> {
                Object[] bound = arguments.bind("default", 0, "default_value", "boolean");
                boolean replace = value instanceof Undefined
                        || bound[1] != null && Values.truth(bound[1]) && !Values.truth(value);
                return !replace ? value : bound[0] == null ? "" : bound[0];
            });
        }
        method("trim", "strip", "chars");
        method("lower", "lower");
        method("upper", "upper");
        method("capitalize", "capitalize");
        FILTERS.put("title", (value, arguments, interpreter) -> title(soft(value, interpreter)));
        FILTERS.put("replace", (value, arguments, interpreter) -> {
            Budget budget = interpreter.budget();
            Object[] bound = arguments.bind("replace", 2, "old", "new", "count");
            int most = bound[2] == null || bound[2] == None.NONE ? -1 : Values.integer(bound[2], "replace");
            return StringMethods.replace(PythonText.str(value, budget), PythonText.str(bound[0], budget),
                    PythonText.str(bound[1], budget), most, budget);
        });
        FILTERS.put("format", (value, arguments, interpreter) -> {
            if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
                throw TemplateException.value("can't handle positional and keyword arguments at the same time");
            }
            Object values = arguments.named().isEmpty() ? new Values.Tuple(arguments.positional())
                    : arguments.named();
            return Formatting.percent(PythonText.str(value, interpreter.budget()), values, interpreter.budget());
        });
        FILTERS.put("indent", Filters::indent);
        FILTERS.put("center", (value, arguments, interpreter) -> {
            Object width = arguments.bind("center", 0, "width")[0];
            return StringMethods.pad(Values.text(soft(value, interpreter)),
                    width == null ? 80 : Values.integer(width, "center"), " ", "center", interpreter.budget());
        });
        FILTERS.put("truncate", Filters::truncate);
        FILTERS.put("wordcount", (value, arguments, interpreter) -> wordCount(PythonText.str(value,
                interpreter.budget())));
        FILTERS.put("attr", (value, arguments, interpreter) -> {
            String name = PythonText.str(arguments.bind("attr", 1, "name")[0], interpreter.budget());
            Object found = Attributes.attribute(value instanceof Map<?, ?> ? new HashMap<>() : value, name,
                    interpreter.budget());
            return found instanceof Undefined || !(value instanceof Map<?, ?>) ? found
                    : Attributes.attribute(value, name, interpreter.budget());
        });
        FILTERS.put("abs", (value, arguments, interpreter) -> {
            Object magnitude = Arithmetic.unary('+', value);
            return Arithmetic.compare(magnitude, 0L) < 0 ? Arithmetic.unary('-', magnitude) : magnitude;
        });
        FILTERS.put("int", Filters::toInt);
        FILTERS.put("float", (value, arguments, interpreter) -> {
            Object fallback = arguments.bind("float", 0, "default")[0];
            Optional<Double> number = toFloat(value);
            return number.isPresent() ? (Object) number.get() : fallback == null ? 0.0 : fallback;
        });
        FILTERS.put("round", Filters::round);
        SequenceFilters.addTo(FILTERS);
    }

    private Filters() {
    }

    static boolean exists(String name) {
        return FILTERS.containsKey(name);
    }

    static Object apply(String name, Object value, Arguments arguments, Interpreter interpreter) {
        Filter filter = FILTERS.get(name);
        if (filter == null) {
            throw TemplateException.value("No filter named '" + name + "'.");
        }
        if (value instanceof Undefined undefined && undefined.forbidden() && !name.equals("default")
                && !name.equals("d")) {
            throw undefined.error();
        }
        return filter.apply(value, arguments, interpreter);
    }

    /// The value as text; marked text stays marked.
    static Object soft(Object value, Interpreter interpreter) {
        return value instanceof Markup ? value : PythonText.str(value, interpreter.budget());
    }

    private static String escaped(Object value, Interpreter interpreter) {
        String text = PythonText.str(value, interpreter.budget());
        interpreter.budget().characters(6L * text.length());
        return Markup.escape(text);
    }

    /// A filter that is a method of the value's text.
    private static void method(String name, String method, String... parameters) {
        FILTERS.put(name, (value, arguments, interpreter) -> {
            List<Object> given = new ArrayList<>();
            for (Object argument : arguments.bind(name, 0, parameters)) {
                if (argument != null) {
                    given.add(argument);
                }
            }
            Object text = soft(value, interpreter);
            Values.Function function = (Values.Function) Attributes.attribute(text, method, interpreter.budget());
            return function.call(interpreter, new Arguments(given, Map.of()));
        });
    }

    private static Object toJson(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        Optional<String> indent = bound[1] == null || bound[1] == None.NONE ? Optional.empty()
                : Optional.of(Values.isText(bound[1]) ? Values.text(bound[1])
                : " ".repeat(interpreter.budget().characters(Math.max(0, Values.integer(bound[1], "indent")))));
        String items = indent.isPresent() ? "," : ", ";
        String keys = ": ";
        if (bound[2] instanceof List<?> separators && separators.size() == 2) {
            items = PythonText.str(separators.getFirst(), interpreter.budget());
            keys = PythonText.str(separators.getLast(), interpreter.budget());
        }
        return new JsonText(bound[0] != null && Values.truth(bound[0]), indent, items, keys,
                bound[3] != null && Values.truth(bound[3]), interpreter.budget()).write(value);
    }

    /// Each word's first letter large, the others small; words begin after blanks, `-` and opening brackets.
    private static Object title(Object value) {
        StringBuilder out = new StringBuilder();
        String text = Values.text(value);
        boolean starts = true;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            String character = Character.toString(c);
            out.append(starts ? character.toUpperCase(Locale.ROOT) : character.toLowerCase(Locale.ROOT));
            starts = PythonText.isSpace(c) || "-({[<".indexOf(c) >= 0;
            i += character.length();
        }
        return value instanceof Markup ? new Markup(out.toString()) : out.toString();
    }

    private static Object indent(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("indent", 0, "width", "first", "blank");
        Budget budget = interpreter.budget();
        String indention = bound[0] == null ? "    " : Values.isText(bound[0]) ? Values.text(bound[0])
                : " ".repeat(budget.characters(Math.max(0, Values.integer(bound[0], "indent"))));
        boolean first = bound[1] != null && Values.truth(bound[1]);
        boolean blank = bound[2] != null && Values.truth(bound[2]);
        Values.Function split = StringMethods.find(PythonText.str(value, budget) + "\n", "splitlines").orElseThrow();
        List<?> lines = (List<?>) split.call(interpreter, Arguments.NONE);
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indented = i == 0 ? first : blank || !line.isEmpty();
            budget.characters((long) line.length() + indention.length());
            parts.add(indented ? indention + line : line);
        }
        String text = StringMethods.join("\n", parts, budget);
        return value instanceof Markup ? new Markup(text) : text;
    }

    private static Object truncate(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
        int length = bound[0] == null ? 255 : Values.integer(bound[0], "truncate");
        String end = bound[2] == null ? "..." : PythonText.str(bound[2], interpreter.budget());
        int leeway = bound[3] == null || bound[3] == None.NONE ? 5 : Values.integer(bound[3], "truncate");
        String text = PythonText.str(value, interpreter.budget());
        int keep = length - PythonText.length(end);
        if (keep < 0 || leeway < 0) {
            throw TemplateException.value("truncate: expected length >= " + PythonText.length(end)
                    + " and leeway >= 0, got " + length + " and " + leeway);
        }
        if (PythonText.length(text) <= (long) length + leeway) {
            return text;
        }
        String cut = text.substring(0, PythonText.place(text, keep));
        if (bound[1] == null || !Values.truth(bound[1])) {
            int space = cut.lastIndexOf(' ');
            cut = space < 0 ? cut : cut.substring(0, space);
        }
        return cut + end;
    }

    private static long wordCount(String text) {
        long words = 0;
        boolean inWord = false;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            boolean letter = c == '_' || Character.isLetterOrDigit(c);
            words += letter && !inWord ? 1 : 0;
            inWord = letter;
            i += Character.charCount(c);
        }
        return words;
    }

    private static Object toInt(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("int", 0, "default", "base");
        Object fallback = bound[0] == null ? (Object) 0L : bound[0];
        int base = bound[1] == null ? 10 : Values.integer(bound[1], "int");
        if (Values.isText(value)) {
            String digits = PythonText.strip(Values.text(value), true, true).replace("_", "");
            boolean negative = digits.startsWith("-");
            String magnitude = negative || digits.startsWith("+") ? digits.substring(1) : digits;
            String prefix = switch (base) {
                case 16 -> "0x";
                case 8 -> "0o";
                case 2 -> "0b";
                default -> "";
            };
            if (!prefix.isEmpty() && magnitude.toLowerCase(Locale.ROOT).startsWith(prefix)) {
                magnitude = magnitude.substring(2);
            }
            if (base >= 2 && base <= 36 && !magnitude.isEmpty() && magnitude.length() <= 4000
                    && magnitude.chars().allMatch(c -> c < 0x80 && Character.digit(c, base) >= 0)) {
                BigInteger number = new BigInteger(magnitude, base);
                return Arithmetic.narrow(negative ? number.negate() : number);
            }
        }
        if (Values.isNumber(value) && !(value instanceof Double)) {
            return Arithmetic.narrow(Arithmetic.whole(value));
        }
        Optional<Double> number = toFloat(value);
        return number.isPresent() && !number.get().isNaN() && !number.get().isInfinite()
                ? Arithmetic.narrow(new BigDecimal(number.get()).toBigInteger()) : fallback;
    }

    private static Optional<Double> toFloat(Object value) {
        if (Values.isNumber(value)) {
            return Optional.of(Arithmetic.decimal(value));
        }
        if (!Values.isText(value)) {
            return Optional.empty();
        }
        String text = PythonText.strip(Values.text(value), true, true).toLowerCase(Locale.ROOT);
        String unsigned = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
        double sign = text.startsWith("-") ? -1 : 1;
        if (unsigned.equals("inf") || unsigned.equals("infinity")) {
            return Optional.of(sign * Double.POSITIVE_INFINITY);
        }
        if (unsigned.equals("nan")) {
            return Optional.of(Double.NaN);
        }
        if (unsigned.length() > 4000
                || !unsigned.matches("([0-9][0-9_]*\\.?[0-9_]*|\\.[0-9][0-9_]*)(e[+-]?[0-9]+)?")) {
            return Optional.empty();
        }
        return Optional.of(sign * Double.parseDouble(unsigned.replace("_", "")));
    }

    private static Object round(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("round", 0, "precision", "method");
        int precision = bound[0] == null ? 0 : Values.integer(bound[0], "round");
        String method = bound[1] == null ? "common" : PythonText.str(bound[1], interpreter.budget());
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (!Values.isNumber(value)) {
            throw TemplateException.value("type " + Values.type(value) + " doesn't define __round__ method");
        }
        if (Math.abs(precision) > 400) {
            throw TemplateException.value("round: a precision of " + precision);
        }
        switch (method) {
            case "common" -> {
                boolean whole = !(value instanceof Double);
                if (!whole && (((Double) value).isNaN() || ((Double) value).isInfinite())) {
                    return value;
                }
                BigDecimal exact = whole ? new BigDecimal(Arithmetic.whole(value)) : new BigDecimal((Double) value);
                BigDecimal rounded = exact.setScale(precision, RoundingMode.HALF_EVEN);
                return whole ? Arithmetic.narrow(rounded.toBigInteger()) : (Object) rounded.doubleValue();
            }
            case "ceil", "floor" -> {
                double scale = Math.pow(10, precision);
                double scaled = Arithmetic.decimal(value) * scale;
                return (method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
            }
            default -> throw TemplateException.value("method must be common, ceil or floor");
        }
    }

    /// Items given out once, one by one.
    static Generator generator(List<Object> items) {
        return new Generator(Collections.unmodifiableList(items).iterator());
    }
}
