package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Filters.Filter;
import dev.heddle.checkpoint.template.Values.Generator;
import dev.heddle.checkpoint.template.Values.None;
import dev.heddle.checkpoint.template.Values.Tuple;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;

/// The filters that work on the items of a value.
final class SequenceFilters {
    private SequenceFilters() {
    }

    private interface Key {
        Object of(Object item);
    }

    static void addTo(Map<String, Filter> filters) {
        for (String name : List.of("length", "count")) {
            filters.put(name, (value, arguments, interpreter) -> (long) Values.length(value));
        }
        filters.put("list", (value, arguments, interpreter) -> Values.list(value, interpreter.budget()));
        filters.put("items", (value, arguments, interpreter) -> {
            if (value instanceof Undefined) {
                return Filters.generator(List.of());
            }
            if (!(value instanceof Map<?, ?> map)) {
                throw TemplateException.value("Can only get item pairs from a mapping.");
            }
            return Filters.generator(Attributes.items(map, interpreter.budget()).items());
        });
        filters.put("first", (value, arguments, interpreter) -> {
            Iterator<Object> items = Values.iterate(value, interpreter.budget());
            return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.", false);
        });
        filters.put("last", (value, arguments, interpreter) -> {
            if (value instanceof Generator || value instanceof LoopState) {
                throw TemplateException.value("'" + Values.type(value) + "' object is not reversible");
            }
            List<Object> items = Values.list(value, interpreter.budget());
            return items.isEmpty() ? new Undefined("No last item, sequence was empty.", false) : items.getLast();
        });
        filters.put("join", SequenceFilters::join);
        filters.put("reverse", (value, arguments, interpreter) -> {
            if (Values.isText(value)) {
                return Attributes.slice(value, None.NONE, None.NONE, -1L, interpreter.budget());
            }
            List<Object> items = Values.list(value, interpreter.budget());
            Collections.reverse(items);
            return Filters.generator(items);
        });
        filters.put("map", SequenceFilters::map);
        filters.put("select", (value, arguments, interpreter) -> select(value, arguments, interpreter, true, false));
        filters.put("reject", (value, arguments, interpreter) -> select(value, arguments, interpreter, false, false));
        filters.put("selectattr", (value, arguments, interpreter) -> select(value, arguments, interpreter, true, true));
        filters.put("rejectattr", (value, arguments, interpreter) -> select(value, arguments, interpreter, false, true));
        filters.put("sort", (value, arguments, interpreter) -> {
            Object[] bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
            List<Object> items = Values.list(value, interpreter.budget());
            items.sort(by(bound[2], bound[1], bound[0], interpreter));
            return items;
        });
        filters.put("unique", SequenceFilters::unique);
        filters.put("min", (value, arguments, interpreter) -> extreme(value, arguments, interpreter, "min"));
        filters.put("max", (value, arguments, interpreter) -> extreme(value, arguments, interpreter, "max"));
        filters.put("sum", (value, arguments, interpreter) -> {
            Object[] bound = arguments.bind("sum", 0, "attribute", "start");
            Object total = bound[1] == null ? 0L : bound[1];
            Key key = key(bound[0], true, interpreter);
            for (Iterator<Object> items = Values.iterate(value, interpreter.budget()); items.hasNext();) {
                total = Arithmetic.binary("+", total, key.of(items.next()), interpreter.budget());
            }
            return total;
        });
        filters.put("dictsort", SequenceFilters::dictSort);
        filters.put("groupby", SequenceFilters::groupBy);
        filters.put("batch", SequenceFilters::batch);
        filters.put("slice", SequenceFilters::slice);
    }

    private static Object join(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("join", 0, "d", "attribute");
        Budget budget = interpreter.budget();
        String separator = bound[0] == null ? "" : PythonText.str(bound[0], budget);
        Key key = key(bound[1], true, interpreter);
        List<String> parts = new ArrayList<>();
        for (Iterator<Object> items = Values.iterate(value, budget); items.hasNext();) {
            parts.add(PythonText.str(key.of(items.next()), budget));
        }
        return StringMethods.join(separator, parts, budget);
    }

    private static Object map(Object value, Arguments arguments, Interpreter interpreter) {
        Key change;
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Object[] bound = arguments.bind("map", 0, "attribute", "default");
            Key attribute = key(bound[0], true, interpreter);
            change = item -> {
                Object found = attribute.of(item);
                return found instanceof Undefined && bound[1] != null ? bound[1] : found;
            };
        } else {
            if (arguments.positional().isEmpty()) {
                throw TemplateException.value("map requires a filter argument");
            }
            String filter = PythonText.str(arguments.positional().getFirst(), interpreter.budget());
            change = item -> Filters.apply(filter, item, arguments.rest(1), interpreter);
        }
        Iterator<Object> items = Values.iterate(value, interpreter.budget());
        return new Generator(new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                return change.of(items.next());
            }
        });
    }

    private static Object select(Object value, Arguments arguments, Interpreter interpreter, boolean wanted,
            boolean byAttribute) {
        if (byAttribute && arguments.positional().isEmpty()) {
            throw TemplateException.value("Missing parameter for attribute name");
        }
        Key key = key(byAttribute ? arguments.positional().getFirst() : null, true, interpreter);
        Arguments rest = arguments.rest(byAttribute ? 1 : 0);
        Iterator<Object> items = Values.iterate(value, interpreter.budget());
        return new Generator(new Iterator<>() {
            private Object next;

            @Override
            public boolean hasNext() {
                while (next == null && items.hasNext()) {
                    Object item = items.next();
                    Object tested = key.of(item);
                    boolean holds = rest.positional().isEmpty() ? Values.truth(tested) : TestFunctions.apply(
                            PythonText.str(rest.positional().getFirst(), interpreter.budget()), tested, rest.rest(1),
                            interpreter);
                    if (holds == wanted) {
                        next = item;
                    }
                }
                return next != null;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Object item = next;
                next = null;
                return item;
            }
        });
    }

    /// What an item is known by: itself, or what lies under a dotted path of keys.
    private static Key key(Object attribute, boolean caseSensitive, Interpreter interpreter) {
        Key found = attribute == null || attribute == None.NONE ? item -> item : item -> {
            if (attribute instanceof Long) {
                return Attributes.item(item, attribute, interpreter.budget());
            }
            Object value = item;
            for (String part : PythonText.str(attribute, interpreter.budget()).split("\\.")) {
                boolean index = !part.isEmpty() && part.length() < 10
                        && part.chars().allMatch(c -> c >= '0' && c <= '9');
                value = Attributes.item(value, index ? (Object) Long.valueOf(part) : part, interpreter.budget());
            }
            return value;
        };
        return caseSensitive ? found : item -> {
            Object value = found.of(item);
            return Values.isText(value) ? Values.text(value).toLowerCase(Locale.ROOT) : value;
        };
    }

    private static Comparator<Object> by(Object attribute, Object caseSensitive, Object reverse,
            Interpreter interpreter) {
        boolean exact = caseSensitive != null && Values.truth(caseSensitive);
        List<Key> keys = new ArrayList<>();
        if (attribute != null && Values.isText(attribute)) {
            for (String part : Values.text(attribute).split(",")) {
                keys.add(key(part, exact, interpreter));
            }
        } else {
            keys.add(key(attribute, exact, interpreter));
        }
        Comparator<Object> order = (left, right) -> {
            for (Key key : keys) {
                int result = Values.compare(key.of(left), key.of(right), "<", interpreter.budget());
                if (result != 0) {
                    return result;
                }
            }
            return 0;
        };
        return reverse != null && Values.truth(reverse) ? order.reversed() : order;
    }

    private static Object unique(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
        Key key = key(bound[1], bound[0] != null && Values.truth(bound[0]), interpreter);
        List<Object> seen = new ArrayList<>();
        List<Object> kept = new ArrayList<>();
        for (Iterator<Object> items = Values.iterate(value, interpreter.budget()); items.hasNext();) {
            Object item = items.next();
            Object mark = key.of(item);
            if (seen.stream().noneMatch(other -> Values.equal(other, mark, interpreter.budget()))) {
                seen.add(mark);
                kept.add(item);
            }
        }
        return Filters.generator(kept);
    }

    private static Object extreme(Object value, Arguments arguments, Interpreter interpreter, String which) {
        Object[] bound = arguments.bind(which, 0, "case_sensitive", "attribute");
        Comparator<Object> order = by(bound[1], bound[0], null, interpreter);
        Object best = null;
        for (Iterator<Object> items = Values.iterate(value, interpreter.budget()); items.hasNext();) {
            Object item = items.next();
            int result = best == null ? 1 : order.compare(item, best);
            if (best == null || (which.equals("min") ? result < 0 : result > 0)) {
                best = item;
            }
        }
        return best == null ? new Undefined("No aggregated item, sequence was empty.", false) : best;
    }

    private static Object dictSort(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        if (!(value instanceof Map<?, ?> map)) {
            throw TemplateException.value("'" + Values.type(value) + "' has no items");
        }
        String by = bound[1] == null ? "key" : PythonText.str(bound[1], interpreter.budget());
        if (!by.equals("key") && !by.equals("value")) {
            throw TemplateException.value("You can only sort by either \"key\" or \"value\"");
        }
        List<Object> items = new ArrayList<>(Attributes.items(map, interpreter.budget()).items());
        items.sort(by(by.equals("key") ? 0L : 1L, bound[0], bound[2], interpreter));
        return items;
    }

    private static Object groupBy(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
        boolean exact = bound[2] != null && Values.truth(bound[2]);
        Key plain = key(bound[0], true, interpreter);
        Key withDefault = item -> {
            Object found = plain.of(item);
            return found instanceof Undefined && bound[1] != null ? bound[1] : found;
        };
        Key key = item -> {
            Object found = withDefault.of(item);
            return !exact && Values.isText(found) ? Values.text(found).toLowerCase(Locale.ROOT) : found;
        };
        List<Object> items = Values.list(value, interpreter.budget());
        items.sort((left, right) -> Values.compare(key.of(left), key.of(right), "<", interpreter.budget()));
        Map<Object, List<Object>> groups = new LinkedHashMap<>();
        Object mark = null;
        Object name = null;
        for (Object item : items) {
            Object found = key.of(item);
            if (mark == null || !Values.equal(found, mark, interpreter.budget())) {
                mark = found;
                name = withDefault.of(item);
                groups.put(name, new ArrayList<>());
            }
            groups.get(name).add(item);
        }
        List<Object> result = new ArrayList<>();
        groups.forEach((group, members) -> result.add(Tuple.of(group, members)));
        return result;
    }

    private static Object batch(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("batch", 1, "linecount", "fill_with");
        int size = Values.integer(bound[0], "batch");
        List<Object> batches = new ArrayList<>();
        List<Object> current = new ArrayList<>();
        for (Iterator<Object> items = Values.iterate(value, interpreter.budget()); items.hasNext();) {
            if (current.size() == size) {
                batches.add(current);
                current = new ArrayList<>();
            }
            current.add(items.next());
        }
        if (!current.isEmpty()) {
            if (bound[1] != null && bound[1] != None.NONE && current.size() < size) {
                current.addAll(Collections.nCopies(interpreter.budget().items(size - current.size()), bound[1]));
            }
            batches.add(current);
        }
        return Filters.generator(batches);
    }

    private static Object slice(Object value, Arguments arguments, Interpreter interpreter) {
        Object[] bound = arguments.bind("slice", 1, "slices", "fill_with");
        int slices = Values.integer(bound[0], "slice");
        if (slices <= 0) {
            throw TemplateException.value("integer division or modulo by zero");
        }
        interpreter.budget().items(slices);
        List<Object> items = Values.list(value, interpreter.budget());
        int each = items.size() / slices;
        int larger = items.size() % slices;
        List<Object> result = new ArrayList<>();
        for (int i = 0, from = 0; i < slices; i++) {
            int to = from + each + (i < larger ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(from, to));
            if (bound[1] != null && bound[1] != None.NONE && i >= larger) {
                part.add(bound[1]);
            }
            result.add(part);
            from = to;
        }
        return Filters.generator(result);
    }
}
