package dev.heddle.checkpoint.template;

import java.math.BigInteger;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/// Python's view of the values a template works on: truth, equality, order, iteration.
///
/// A value is a [String] or [Markup], a [Long] or [BigInteger], a [Double], a [Boolean], [None], a [List] (of which
/// [Tuple] and [Range] are kinds), a [Map], or one of the types below.
final class Values {
    private Values() {
    }

    enum None { NONE }

    /// A name or attribute that is not there.
    ///
    /// @param message what an attempt to use it says
    /// @param forbidden true if it is there and templates may not touch it
    record Undefined(String message, boolean forbidden) {
        TemplateException error() {
            return new TemplateException(forbidden ? TemplateException.Kind.FORBIDDEN
                    : TemplateException.Kind.UNDEFINED, message, 0);
        }
    }

    /// Text marked as safe HTML: what is joined to it gets escaped.
    record Markup(String text) {
        static String escape(String text) {
            return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace("'", "&#39;")
                    .replace("\"", "&#34;");
        }
    }

    static final class Tuple extends AbstractList<Object> {
        private final List<Object> items;

        Tuple(List<?> items) {
            this.items = Collections.unmodifiableList(items);
        }

        static Tuple of(Object... items) {
            return new Tuple(List.of(items));
        }

        @Override
        public Object get(int index) {
            return items.get(index);
        }

        @Override
        public int size() {
            return items.size();
        }
    }

    static final class Range extends AbstractList<Object> {
        private static final int MAX = 100_000;
        private final long start;
        private final long stop;
        private final long step;
        private final int size;

        Range(long start, long stop, long step) {
            if (step == 0) {
                throw TemplateException.value("range() arg 3 must not be zero");
            }
            this.start = start;
            this.stop = stop;
            this.step = step;
            BigInteger span = BigInteger.valueOf(stop).subtract(BigInteger.valueOf(start));
            BigInteger by = BigInteger.valueOf(step);
            BigInteger count = span.signum() * by.signum() <= 0 ? BigInteger.ZERO
                    : span.abs().add(by.abs()).subtract(BigInteger.ONE).divide(by.abs());
            if (count.compareTo(BigInteger.valueOf(MAX)) > 0) {
                throw new TemplateException(TemplateException.Kind.LIMIT, "Range too big. The sandbox blocks ranges"
                        + " larger than MAX_RANGE (" + MAX + ").", 0);
            }
            size = count.intValue();
        }

        @Override
        public Object get(int index) {
            return start + index * step;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public String toString() {
            return "range(" + start + ", " + stop + (step == 1 ? "" : ", " + step) + ")";
        }
    }

    /// What `dict.items()`, `.keys()` and `.values()` give.
    record DictView(String kind, List<Object> items) { }

    /// Items made one by one and only once, as filters such as `map` give them.
    static final class Generator {
        final Iterator<Object> items;

        Generator(Iterator<Object> items) {
            this.items = items;
        }
    }

    /// The one kind of value whose attributes a template may set.
    static final class Namespace {
        final Map<String, Object> attributes = new LinkedHashMap<>();
    }

    /// Anything that can be called.
    interface Function {
        Object call(Interpreter interpreter, Arguments arguments);
    }

    static boolean truth(Object value) {
        return switch (value) {
            case Boolean flag -> flag;
            case String text -> !text.isEmpty();
            case Markup markup -> !markup.text.isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case BigInteger number -> number.signum() != 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case DictView view -> !view.items.isEmpty();
            case None none -> false;
            case Undefined undefined -> false;
            default -> true;
        };
    }

    /// What Python calls the type, in error messages.
    static String type(Object value) {
        return switch (value) {
            case Boolean flag -> "bool";
            case String text -> "str";
            case Markup markup -> "Markup";
            case Long number -> "int";
            case BigInteger number -> "int";
            case Double number -> "float";
            case Tuple tuple -> "tuple";
            case Range range -> "range";
            case List<?> list -> "list";
            case Map<?, ?> map -> "dict";
            case DictView view -> "dict_" + view.kind;
            case None none -> "NoneType";
            case Undefined undefined -> "Undefined";
            case Namespace namespace -> "Namespace";
            case Generator generator -> "generator";
            case Macro macro -> "Macro";
            case LoopState loop -> "LoopContext";
            default -> "function";
        };
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /// The text of a string value.
    static String text(Object value) {
        return value instanceof Markup markup ? markup.text : (String) value;
    }

    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean
                || value instanceof BigInteger;
    }

    static boolean equal(Object left, Object right, Budget budget) {
        budget.step();
        if (left == right) {
            return !(left instanceof Double number) || !number.isNaN();
        }
        if (isNumber(left) && isNumber(right)) {
            return Arithmetic.compare(left, right) == 0;
        }
        if (isText(left) && isText(right)) {
            return text(left).equals(text(right));
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            if (!type(left).equals(type(right)) || a.size() != b.size()) {
                return false;
            }
            budget.enter();
            for (int i = 0; i < a.size(); i++) {
                if (!equal(a.get(i), b.get(i), budget)) {
                    budget.leave();
                    return false;
                }
            }
            budget.leave();
            return true;
        }
        if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
            if (a.size() != b.size()) {
                return false;
            }
            budget.enter();
            for (Map.Entry<?, ?> entry : a.entrySet()) {
                Object other = lookUp(b, entry.getKey(), budget);
                if (other == null || !equal(entry.getValue(), other, budget)) {
                    budget.leave();
                    return false;
                }
            }
            budget.leave();
            return true;
        }
        return left instanceof Undefined && right instanceof Undefined;
    }

    /// Python's order of two values.
    /// @throws TemplateException if they have none
    static int compare(Object left, Object right, String operator, Budget budget) {
        budget.step();
        if (isNumber(left) && isNumber(right)) {
            return Arithmetic.compare(left, right);
        }
        if (isText(left) && isText(right)) {
            return PythonText.compare(text(left), text(right));
        }
        if (left instanceof List<?> a && right instanceof List<?> b && type(left).equals(type(right))
                && !(left instanceof Range)) {
            budget.enter();
            int common = Math.min(a.size(), b.size());
            for (int i = 0; i < common; i++) {
                if (!equal(a.get(i), b.get(i), budget)) {
                    int order = compare(a.get(i), b.get(i), operator, budget);
                    budget.leave();
                    return order;
                }
            }
            budget.leave();
            return Integer.compare(a.size(), b.size());
        }
        if (left instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (right instanceof Undefined undefined) {
            throw undefined.error();
        }
        throw TemplateException.value("'" + operator + "' not supported between instances of '" + type(left)
                + "' and '" + type(right) + "'");
    }

    /// The value under `key`, or `null` if there is none. Equal numbers of different types are one key, as in Python.
    static Object lookUp(Map<?, ?> map, Object key, Budget budget) {
        if (isText(key)) {
            return map.get(text(key));
        }
        if (!isNumber(key)) {
            return map.get(key);
        }
        budget.steps(map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (isNumber(entry.getKey()) && Arithmetic.compare(entry.getKey(), key) == 0) {
                return entry.getValue();
            }
        }
        return null;
    }

    static boolean contains(Object container, Object item, Budget budget) {
        if (isText(container)) {
            if (!isText(item)) {
                if (item instanceof Undefined undefined) {
                    throw TemplateException.value("'in <string>' requires string as left operand, not Undefined");
                }
                throw TemplateException.value("'in <string>' requires string as left operand, not " + type(item));
            }
            budget.characters(text(container).length());
            return text(container).contains(text(item));
        }
        if (container instanceof Map<?, ?> map) {
            checkHashable(item);
            return lookUp(map, item, budget) != null;
        }
        if (container instanceof Namespace || container instanceof None || isNumber(container)) {
            throw TemplateException.value("argument of type '" + type(container) + "' is not iterable");
        }
        for (Iterator<Object> items = iterate(container, budget); items.hasNext();) {
            if (equal(items.next(), item, budget)) {
                return true;
            }
        }
        return false;
    }

    static void checkHashable(Object key) {
        boolean mutable = key instanceof List<?> && !(key instanceof Tuple) && !(key instanceof Range)
                || key instanceof Map<?, ?>;
        if (mutable) {
            throw TemplateException.value("unhashable type: '" + type(key) + "'");
        }
    }

    /// The items that a loop over `value` sees, each counted as a step.
    /// @throws TemplateException if it has none
    static Iterator<Object> iterate(Object value, Budget budget) {
        Iterator<?> items = switch (value) {
            case String text -> PythonText.characters(text);
            case Markup markup -> PythonText.characters(markup.text);
            case List<?> list -> list.iterator();
            case Map<?, ?> map -> map.keySet().iterator();
            case DictView view -> view.items.iterator();
            case Generator generator -> generator.items;
            case LoopState loop -> loop;
            case Undefined undefined when !undefined.forbidden -> Collections.emptyIterator();
            case Undefined undefined -> throw undefined.error();
            default -> throw TemplateException.value("'" + type(value) + "' object is not iterable");
        };
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                if (!items.hasNext()) {
                    throw new NoSuchElementException();
                }
                budget.step();
                return items.next();
            }
        };
    }

    static boolean isIterable(Object value) {
        return isText(value) || value instanceof List<?> || value instanceof Map<?, ?> || value instanceof DictView
                || value instanceof Generator || value instanceof LoopState || value instanceof Undefined;
    }

    static List<Object> list(Object value, Budget budget) {
        if (value instanceof List<?> list) {
            budget.items(list.size());
            return new ArrayList<>(list);
        }
        List<Object> items = new ArrayList<>();
        for (Iterator<Object> source = iterate(value, budget); source.hasNext();) {
            items.add(source.next());
            if ((items.size() & 0xFFFF) == 0) {
                budget.items(items.size());
            }
        }
        return items;
    }

    static int length(Object value) {
        return switch (value) {
            case String text -> PythonText.length(text);
            case Markup markup -> PythonText.length(markup.text);
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case DictView view -> view.items.size();
            case LoopState loop -> loop.length();
            case Undefined undefined -> 0;
            default -> throw TemplateException.value("object of type '" + type(value) + "' has no len()");
        };
    }

    /// A whole number that fits an int, as counts and widths must; larger ones become the nearest int.
    static int integer(Object value, String what) {
        return switch (value) {
            case Boolean flag -> flag ? 1 : 0;
            case Long number -> (int) Math.clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case BigInteger number -> number.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
            case Undefined undefined -> throw undefined.error();
            default -> throw TemplateException.value(what + ": '" + type(value)
                    + "' object cannot be interpreted as an integer");
        };
    }
}
